// What can be done with a task; each can be taken back.
import { get, patch, post, send } from '../../api/client';
import type { ChangedTask, Task } from '../../api/types';
import { invalidate } from '../../state/resource';
import { toast, tried } from '../../state/toasts';

async function undo(change: string): Promise<void> {
  await tried(() => post('/api/v1/tasks/undo', { change_id: change }));
  again();
}

function again(): void {
  invalidate('/api/v1/tasks');
  invalidate('/api/v1/briefing/daily');
}

function told(text: string, change: string | null): void {
  again();
  toast(text, change ? { action: { label: 'Undo', run: () => void undo(change) } } : {});
}

export async function complete(id: string, title: string): Promise<void> {
  const t = await tried(() => post<ChangedTask>(`/api/v1/tasks/${id}/complete`));
  if (t) told(`“${title}” is done`, t.change_id);
}
export async function reopen(id: string, title: string): Promise<void> {
  const t = await tried(() => post<ChangedTask>(`/api/v1/tasks/${id}/reopen`));
  if (t) told(`“${title}” is open again`, t.change_id);
}
export async function snooze(id: string, length: string): Promise<void> {
  const t = await tried(() => post<ChangedTask>(`/api/v1/tasks/${id}/snooze`, { for: length }));
  if (t) told(`“${t.title}” is said again in ${length}`, t.change_id);
}
export async function move(id: string, due: string): Promise<void> {
  const t = await tried(() => patch<ChangedTask>(`/api/v1/tasks/${id}`, { due }));
  if (t) told(`“${t.title}” is due ${t.when ?? due}`, t.change_id);
}
export async function change(id: string, members: Record<string, unknown>): Promise<Task | null> {
  const t = await tried(() => patch<ChangedTask>(`/api/v1/tasks/${id}`, members));
  if (t) told(`“${t.title}” is changed`, t.change_id);
  return t;
}
export async function remove(id: string, title: string): Promise<void> {
  const answer = await tried(() => send('DELETE', `/api/v1/tasks/${id}`));
  if (answer) told(`“${title}” is deleted`, answer.headers.get('Sotto-Change-Id'));
}
export async function add(text: string): Promise<boolean> {
  const t = await tried(() => post<ChangedTask>('/api/v1/tasks', { text }));
  if (t)
    told(`“${t.title || t.kind}” ${t.when ? `is due ${t.when}` : 'is on the list'}`, t.change_id);
  return t !== null;
}
export const load = (id: string): Promise<Task> => get<Task>(`/api/v1/tasks/${id}`);
