// The latencies of /metrics over the last two minutes; kept while one is on other screens.
import { failure } from '../api/client';
import {
  buckets,
  countOf,
  parseMetrics,
  quantile,
  since,
  total,
  type Buckets,
  type Sample,
} from './metrics';
import { store } from './store';

export interface Track {
  title: string;
  count: number;
  all: { p50: number | null; p95: number | null };
  p50: (number | null)[];
  p95: (number | null)[];
}
interface Source {
  title: string;
  name: string;
  where?: Record<string, string>;
}
const SOURCES: Source[] = [
  { title: 'Search', name: 'search_duration_seconds' },
  {
    title: 'Answers',
    name: 'http_request_duration_seconds',
    where: { route: '/api/v1/conversations/messages' },
  },
  { title: 'Speech to answer', name: 'voice_processing_duration_seconds' },
  { title: 'First sound', name: 'tts_first_audio_seconds' },
];
const POINTS = 60;

export interface Machine {
  tracks: Track[];
  memory: number | null;
  network: number | null;
}
export const machine = store<Machine>({
  tracks: SOURCES.map((s) => ({
    title: s.title,
    count: 0,
    all: { p50: null, p95: null },
    p50: [],
    p95: [],
  })),
  memory: null,
  network: null,
});

let before: Buckets[] = [];

/** One look at the counters: what came since the one before is a point of each chart. */
export function step(samples: Sample[], old: Track[]): Track[] {
  const now = SOURCES.map((s) => buckets(samples, s.name, s.where));
  const out = now.map((b, i): Track => {
    const fresh = before[i] ? since(b, before[i]!) : b;
    const last = old[i]!;
    const add = (list: (number | null)[], v: number | null) => [...list, v].slice(-POINTS);
    // Nothing came in these two seconds: the line goes on where it was, it does not fall to nothing.
    const held = (list: (number | null)[], q: number) =>
      countOf(fresh) ? quantile(fresh, q) : (list[list.length - 1] ?? null);
    return {
      title: last.title,
      count: countOf(b),
      all: { p50: quantile(b, 0.5), p95: quantile(b, 0.95) },
      p50: add(last.p50, held(last.p50, 0.5)),
      p95: add(last.p95, held(last.p95, 0.95)),
    };
  });
  before = now;
  return out;
}

export async function look(): Promise<void> {
  const answer = await fetch('/metrics');
  if (!answer.ok) throw await failure(answer);
  const samples = parseMetrics(await answer.text());
  machine.set((m) => ({
    tracks: step(samples, m.tracks),
    memory: total(samples, 'process_resident_memory_bytes'),
    network: total(samples, 'network_sent_bytes_total'),
  }));
}
