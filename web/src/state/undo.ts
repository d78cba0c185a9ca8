// Deleting what cannot be brought back from the server: it is out of sight at once, and gone when
// the time for "Undo" is over (or the page is left).
import { invalidate } from './resource';
import { store } from './store';
import { complain, dismiss, toast } from './toasts';

export const GRACE_MS = 7000;
export const hidden = store<ReadonlySet<string>>(new Set());

interface Waiting {
  path: string;
  timer: ReturnType<typeof setTimeout>;
  done: () => void;
}
const waiting = new Map<string, Waiting>();

function show(id: string): void {
  hidden.set((ids) => new Set([...ids].filter((i) => i !== id)));
}

async function commit(id: string): Promise<void> {
  const w = waiting.get(id);
  if (!w) return;
  waiting.delete(id);
  clearTimeout(w.timer);
  try {
    const answer = await fetch(w.path, { method: 'DELETE', keepalive: true });
    if (!answer.ok && answer.status !== 404)
      throw new Error(`it could not be deleted (status ${answer.status})`);
    w.done();
  } catch (e) {
    complain(e);
    show(id);
  }
}

export function deleteLater(id: string, path: string, what: string, done: () => void): void {
  hidden.set((ids) => new Set([...ids, id]));
  waiting.set(id, { path, done, timer: setTimeout(() => void commit(id), GRACE_MS) });
  const key = toast(`${what} is deleted`, {
    ms: GRACE_MS,
    action: {
      label: 'Undo',
      run: () => {
        const w = waiting.get(id);
        if (w) clearTimeout(w.timer);
        waiting.delete(id);
        show(id);
        dismiss(key);
      },
    },
  });
}

const LEFT = 'sotto.deleting';
const SETTLED_MS = 2500;

/** What was deleted stays deleted when the page is left within the time: it is asked of the server
 * at once, by a request that outlives the page. The next page of this window may be faster than
 * that: it does not show it until it has looked again. */
export function watchLeaving(): void {
  try {
    const left = JSON.parse(sessionStorage.getItem(LEFT) ?? '[]') as string[];
    sessionStorage.removeItem(LEFT);
    hidden.set(new Set(left));
    if (left.length) {
      setTimeout(() => invalidate('/'), SETTLED_MS);
      setTimeout(() => left.forEach(show), SETTLED_MS * 2);
    }
  } catch {
    /* storage is switched off */
  }
  addEventListener('pagehide', () => {
    const all = [...waiting.keys()];
    try {
      sessionStorage.setItem(LEFT, JSON.stringify(all));
    } catch {
      /* likewise */
    }
    for (const id of all) void commit(id);
  });
}
