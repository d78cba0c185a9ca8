// Deleting what cannot be brought back from the server: it is out of sight at once, and gone when
// the time for "Undo" is over (or the page is left).
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

/** What was deleted stays deleted when the page is closed within the time. */
export function watchLeaving(): void {
  addEventListener('pagehide', () => {
    for (const id of [...waiting.keys()]) void commit(id);
  });
}
