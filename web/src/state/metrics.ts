// Prometheus text into what a chart needs: the latencies since the last look, as percentiles.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export function parseMetrics(text: string): Sample[] {
  const out: Sample[] = [];
  for (const line of text.split('\n')) {
    if (!line || line[0] === '#') continue;
    const m = LINE.exec(line);
    if (!m) continue;
    const labels: Record<string, string> = {};
    for (const l of (m[2] ?? '').matchAll(LABEL))
      labels[l[1]!] = l[2]!.replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    out.push({ name: m[1]!, labels, value: m[3] === '+Inf' ? Infinity : Number(m[3]) });
  }
  return out;
}

export const total = (
  samples: Sample[],
  name: string,
  where: Record<string, string> = {},
): number | null => {
  const hits = samples.filter(
    (s) => s.name === name && Object.entries(where).every(([k, v]) => s.labels[k] === v),
  );
  return hits.length ? hits.reduce((n, s) => n + s.value, 0) : null;
};

/** Upper bounds, ascending, with how many were at or below each. */
export type Buckets = { le: number; count: number }[];

export function buckets(
  samples: Sample[],
  name: string,
  where: Record<string, string> = {},
): Buckets {
  const sums = new Map<number, number>();
  for (const s of samples) {
    if (s.name !== `${name}_bucket` || !Object.entries(where).every(([k, v]) => s.labels[k] === v))
      continue;
    const le = s.labels.le === '+Inf' ? Infinity : Number(s.labels.le);
    sums.set(le, (sums.get(le) ?? 0) + s.value);
  }
  return [...sums].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
}

/** What came between two looks; a server that began anew counts from nothing. */
export function since(now: Buckets, before: Buckets): Buckets {
  const old = new Map(before.map((b) => [b.le, b.count]));
  const began = now.some((b) => b.count < (old.get(b.le) ?? 0));
  return began ? now : now.map((b) => ({ le: b.le, count: b.count - (old.get(b.le) ?? 0) }));
}

export const countOf = (b: Buckets): number => b[b.length - 1]?.count ?? 0;

/** As Prometheus' histogram_quantile: linear inside the bucket. null: nothing was measured. */
export function quantile(b: Buckets, q: number): number | null {
  const all = countOf(b);
  if (!all) return null;
  const rank = q * all;
  let below = 0;
  let from = 0;
  for (const { le, count } of b) {
    if (count >= rank && count > below)
      return le === Infinity ? from : from + ((le - from) * (rank - below)) / (count - below);
    below = count;
    from = le;
  }
  return from;
}
