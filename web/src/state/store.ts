// A value that components look at: state that outlives navigation lives in one of these.
import { useSyncExternalStore } from 'react';

export interface Store<T> {
  get(): T;
  set(next: T | ((now: T) => T)): void;
  on(listener: () => void): () => void;
}

export function store<T>(first: T): Store<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      const now = typeof next === 'function' ? (next as (v: T) => T)(value) : next;
      if (Object.is(now, value)) return;
      value = now;
      for (const listener of [...listeners]) listener();
    },
    on(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
}

export function useStore<T>(s: Store<T>): T;
export function useStore<T, P>(s: Store<T>, pick: (value: T) => P): P;
export function useStore<T, P>(s: Store<T>, pick?: (value: T) => P): T | P {
  return useSyncExternalStore(s.on, () => (pick ? pick(s.get()) : s.get()));
}
