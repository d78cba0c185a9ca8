// As-you-type search: every letter asks at once; an answer that was overtaken is not shown.
import { get, query, says } from '../api/client';
import type { Found, Match } from '../api/types';
import { spanText } from './format';
import { store } from './store';

export interface Search {
  text: string;
  found: Found | null;
  took: number | null;
  error: string | null;
  busy: boolean;
}
export const search = store<Search>({
  text: '',
  found: null,
  took: null,
  error: null,
  busy: false,
});

let turn = 0;
let abort: AbortController | null = null;

export async function searchFor(text: string): Promise<void> {
  const mine = ++turn;
  abort?.abort();
  search.set((s) => ({ ...s, text, busy: text.trim() !== '' }));
  if (!text.trim()) {
    search.set({ text, found: null, took: null, error: null, busy: false });
    return;
  }
  abort = new AbortController();
  const began = performance.now();
  try {
    const found = await get<Found>(
      `/api/v1/knowledge/search${query({ q: text, limit: 12, passages: 2, content: 'none' })}`,
      abort.signal,
    );
    if (mine === turn)
      search.set({ text, found, took: performance.now() - began, error: null, busy: false });
  } catch (e) {
    if (mine === turn) search.set((s) => ({ ...s, error: says(e), busy: false }));
  }
}

/** Why a passage is there, in words. */
export function why(m: Match): string[] {
  const out: string[] = [];
  if (m.keyword_rank !== null) out.push(`your words, ${ordinal(m.keyword_rank)} of all`);
  if (m.vector_rank !== null) out.push(`the meaning, ${ordinal(m.vector_rank)}`);
  if (m.similarity !== null) out.push(`similarity ${m.similarity.toFixed(2)}`);
  if (m.time_start !== undefined) out.push(`at ${spanText(m.time_start)}`);
  if (m.page) out.push(`page ${m.page}`);
  return out;
}

export function ordinal(n: number): string {
  const tens = n % 100;
  const end = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th');
  return `${n}${end}`;
}
