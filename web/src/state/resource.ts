// What was fetched, by its address: shown at once when a person comes back to a screen, fetched
// again when the server says that it changed.
import { useEffect } from 'react';
import { get, says } from '../api/client';
import { live } from './live';
import { store, useStore, type Store } from './store';

export interface Resource<T> {
  data: T | null;
  error: string | null;
  loading: boolean;
}

interface Entry {
  state: Store<Resource<unknown>>;
  users: number;
  turn: number;
  stale: boolean;
}
const entries = new Map<string, Entry>();
const KEEP = 60;

function entry(path: string): Entry {
  let e = entries.get(path);
  if (!e) {
    e = {
      state: store<Resource<unknown>>({ data: null, error: null, loading: true }),
      users: 0,
      turn: 0,
      stale: true,
    };
    entries.set(path, e);
    for (const [key, old] of entries)
      if (entries.size > KEEP && old.users === 0 && key !== path) entries.delete(key);
  }
  return e;
}

async function fetchInto(path: string, e: Entry): Promise<void> {
  const turn = ++e.turn;
  e.stale = false;
  e.state.set((s) => ({ ...s, loading: true }));
  try {
    const data = await get(path);
    if (turn === e.turn) e.state.set({ data, error: null, loading: false });
  } catch (fault) {
    if (turn === e.turn) e.state.set((s) => ({ ...s, error: says(fault), loading: false }));
  }
}

/** Fetches again what begins so: at once where somebody looks, else when somebody comes back. */
export function invalidate(prefix: string): void {
  for (const [path, e] of entries) {
    if (!path.startsWith(prefix)) continue;
    e.stale = true;
    if (e.users > 0) void fetchInto(path, e);
  }
}

/** Changes what is shown before the server has answered. */
export function edit<T>(path: string, change: (data: T) => T): void {
  const e = entries.get(path);
  e?.state.set((s) => (s.data === null ? s : { ...s, data: change(s.data as T) }));
}

const nothing = store<Resource<never>>({ data: null, error: null, loading: false });

export function useResource<T>(path: string | null): Resource<T> & { again: () => void } {
  const e = path === null ? null : entry(path);
  const state = useStore((e?.state ?? nothing) as Store<Resource<T>>);
  useEffect(() => {
    if (!e || path === null) return undefined;
    e.users++;
    if (e.stale) void fetchInto(path, e);
    return () => {
      e.users--;
    };
  }, [e, path]);
  return {
    ...state,
    again: () => {
      if (e && path !== null) void fetchInto(path, e);
    },
  };
}

const pending = new Set<string>();
let timer: ReturnType<typeof setTimeout> | null = null;
/** Many notices in a moment are one fetch. */
export function invalidateSoon(...prefixes: string[]): void {
  prefixes.forEach((p) => pending.add(p));
  timer ??= setTimeout(() => {
    timer = null;
    const all = [...pending];
    pending.clear();
    all.forEach(invalidate);
  }, 150);
}

export function watchLive(): void {
  live.on('DocumentUpdate', () =>
    invalidateSoon('/api/v1/knowledge', '/api/v1/briefing/daily', '/api/v1/tasks/proposals'),
  );
  live.on('TaskUpdate', () =>
    invalidateSoon(
      '/api/v1/tasks',
      '/api/v1/briefing/daily',
      '/api/v1/calendar',
      '/api/v1/reminders',
    ),
  );
  live.on('IngestProgress', () => invalidateSoon('/api/v1/knowledge/folders'));
  live.on('BriefingUpdate', () => invalidateSoon('/api/v1/briefing'));
  live.on('resync', () => invalidate('/'));
}
