import { describe, expect, it } from 'vitest';
import { buckets, countOf, parseMetrics, quantile, since, total } from '../src/state/metrics';

const PAGE = `# HELP search_duration_seconds x
# TYPE search_duration_seconds histogram
search_duration_seconds_bucket{le="0.001"} 10
search_duration_seconds_bucket{le="0.01"} 90
search_duration_seconds_bucket{le="+Inf"} 100
search_duration_seconds_sum 1.5
http_requests_total{route="/a\\"b",code="200"} 3
http_requests_total{route="/c",code="500"} 4
process_resident_memory_bytes 1.5e+07
`;
const samples = parseMetrics(PAGE);

describe('prometheus text', () => {
  it('is read with its labels', () => {
    expect(total(samples, 'http_requests_total')).toBe(7);
    expect(total(samples, 'http_requests_total', { route: '/a"b' })).toBe(3);
    expect(total(samples, 'process_resident_memory_bytes')).toBe(15000000);
    expect(total(samples, 'nothing')).toBeNull();
  });
  it('gives percentiles as histogram_quantile does', () => {
    const b = buckets(samples, 'search_duration_seconds');
    expect(countOf(b)).toBe(100);
    expect(quantile(b, 0.5)).toBeCloseTo(0.001 + 0.009 * (40 / 80));
    expect(quantile(b, 0.95)).toBe(0.01); // in the last bucket nothing more is known
    expect(quantile([], 0.5)).toBeNull();
  });
  it('gives what came between two looks, also across a restart', () => {
    const b = buckets(samples, 'search_duration_seconds');
    const later = b.map((x) => ({ ...x, count: x.count + 5 }));
    expect(since(later, b).map((x) => x.count)).toEqual([5, 5, 5]);
    expect(countOf(since(b, later))).toBe(100);
  });
});
