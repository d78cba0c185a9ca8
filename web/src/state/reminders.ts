// Reminders that came due: each is shown once in this browser (by its id), told to the server, and
// stays until somebody deals with it.
import { get, post } from '../api/client';
import type { Reminder, Task } from '../api/types';
import { live } from './live';
import { store } from './store';
import { toast, tried } from './toasts';

export interface Due {
  reminder: Reminder;
  task: Task;
}
export const due = store<Due[]>([]);

const KEY = 'sotto.shown';
const KEEP = 500;
function shownBefore(id: string): boolean {
  try {
    const ids = JSON.parse(localStorage.getItem(KEY) ?? '[]') as string[];
    if (ids.includes(id)) return true;
    localStorage.setItem(KEY, JSON.stringify([...ids, id].slice(-KEEP)));
  } catch {
    /* then it may be shown twice, which is better than never */
  }
  return false;
}

export function addDue(list: Due[], d: Due): Due[] {
  return list.some((x) => x.reminder.id === d.reminder.id) ? list : [...list, d];
}

async function arrived(d: Due): Promise<void> {
  due.set((list) => addDue(list, d));
  if (shownBefore(d.reminder.id)) return;
  toast(`Reminder: ${d.task.title || d.task.kind}`, {
    ms: 12000,
    action: { label: 'Done', run: () => void dealt(d, 'complete') },
  });
  if (
    typeof Notification !== 'undefined' &&
    Notification.permission === 'granted' &&
    document.hidden
  )
    new Notification(d.task.title || 'Time is up', {
      tag: d.reminder.id,
      icon: '/assets/icon-192.png',
    });
}

export const forget = (id: string): void =>
  due.set((list) => list.filter((d) => d.reminder.id !== id));

export async function dealt(
  d: Due,
  how: 'complete' | 'snooze' | 'acknowledge',
  until = '1 hour',
): Promise<void> {
  await tried(async () => {
    if (how === 'acknowledge') await post(`/api/v1/reminders/${d.reminder.id}/acknowledge`);
    else if (how === 'snooze') await post(`/api/v1/tasks/${d.task.id}/snooze`, { for: until });
    else if (d.task.status === 'open') await post(`/api/v1/tasks/${d.task.id}/complete`);
    else await post(`/api/v1/reminders/${d.reminder.id}/acknowledge`);
    forget(d.reminder.id);
  });
}

/** What waits: the truth is the server's. */
export async function loadDue(): Promise<void> {
  const { reminders } = await get<{ reminders: Reminder[] }>('/api/v1/reminders');
  const there = reminders.filter((r) => r.task);
  due.set(there.map((r) => ({ reminder: r, task: r.task! })));
  for (const r of there) await arrived({ reminder: r, task: r.task! });
}

export function watchReminders(): void {
  live.on<{ task: Task; reminder: Reminder }>('Reminder', (d) => void arrived(d));
  live.on('TaskUpdate', () => void loadDue().catch(() => undefined));
  live.on('open', () => void loadDue().catch(() => undefined));
}
