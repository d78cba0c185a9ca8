// What happened, said once, with a way to take it back.
import { says } from '../api/client';
import { store } from './store';

export interface Toast {
  key: number;
  text: string;
  bad?: boolean;
  action?: { label: string; run: () => void };
  ms: number;
}
export const toasts = store<Toast[]>([]);
let next = 1;

export function dismiss(key: number): void {
  toasts.set((list) => list.filter((t) => t.key !== key));
}

export function toast(text: string, more: Partial<Omit<Toast, 'key' | 'text'>> = {}): number {
  const key = next++;
  const ms = more.ms ?? (more.action ? 8000 : 5000);
  toasts.set((list) => [...list.slice(-3), { key, text, ms, ...more }]);
  setTimeout(() => dismiss(key), ms);
  return key;
}

export const complain = (e: unknown): void => {
  toast(says(e), { bad: true });
};

/** Runs, and says what went wrong. */
export async function tried<T>(f: () => Promise<T>): Promise<T | null> {
  try {
    return await f();
  } catch (e) {
    complain(e);
    return null;
  }
}
