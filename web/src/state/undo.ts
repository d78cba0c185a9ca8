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

/** What was deleted stays deleted when the page is left within the time: it is asked of the server
 * at once. A browser may drop that request with the page, so the next page of this window asks once
 * more (404: it was done) and does not show it meanwhile. */
export function watchLeaving(): void {
  try {
    const left = JSON.parse(sessionStorage.getItem(LEFT) ?? '[]') as [string, string][];
    sessionStorage.removeItem(LEFT);
    hidden.set(new Set(left.map(([id]) => id)));
    for (const [id, path] of left) {
      const timer = setTimeout(() => void commit(id), 300);
      waiting.set(id, { path, done: () => invalidate('/'), timer });
    }
  } catch {
    /* storage is switched off */
  }
  addEventListener('pagehide', () => {
    const all = [...waiting].map(([id, w]): [string, string] => [id, w.path]);
    try {
      sessionStorage.setItem(LEFT, JSON.stringify(all));
    } catch {
      /* likewise */
    }
    for (const [id] of all) void commit(id);
  });
}
