// The one conversation, typed and spoken: what is said, streamed answers, stopping, and what happens
// when the connection breaks in between. It lives here and not in a component, so that going to
// another screen ends nothing.
import { get, offline, post, says, stream } from '../api/client';
import type { Conversation, ConversationList, ConversationMessages, Reply } from '../api/types';
import { live, liveState } from './live';
import { invalidate } from './resource';
import { store } from './store';
import { complain, toast } from './toasts';
import {
  answering,
  change,
  fateOf,
  finish,
  fromMessages,
  grow,
  said,
  stopped,
  type Turn,
} from './turns';

const API = '/api/v1/conversations';
export const SESSIONS = `${API}?limit=100`;

export interface Talk {
  session: string | null;
  turns: Turn[];
  older: string | null;
  loading: boolean;
  answeringKey: string | null;
}
export const talk = store<Talk>({
  session: null,
  turns: [],
  older: null,
  loading: false,
  answeringKey: null,
});

/** Told of every whole answer: the voice says it. */
type Spoken = (reply: Reply, spoken: boolean) => void;
let onReply: Spoken = () => undefined;
export const whenReplied = (f: Spoken): void => {
  onReply = f;
};

const others = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('sotto-talk');
const setTurns = (f: (t: Turn[]) => Turn[]): void => talk.set((s) => ({ ...s, turns: f(s.turns) }));

let abort: AbortController | null = null;
let line: Promise<void> = Promise.resolve(); // one thing said after another

export function remember(session: string | null): void {
  talk.set((s) => ({ ...s, session }));
  try {
    if (session) sessionStorage.setItem('sotto.session', session);
    else sessionStorage.removeItem('sotto.session');
  } catch {
    /* a reload begins a new conversation then */
  }
}

/** A whole answer came, by either way. */
export function replied(reply: Reply, spoken: boolean): void {
  if (reply.session_id && reply.session_id !== talk.get().session) remember(reply.session_id);
  invalidate(API);
  others?.postMessage(reply.session_id);
  onReply(reply, spoken);
}

async function ask(user: Turn): Promise<void> {
  const answer = answering(new Date().toISOString());
  setTurns((t) => [...change(t, user.key, { state: 'done', note: undefined }), answer]);
  talk.set((s) => ({ ...s, answeringKey: answer.key }));
  abort = new AbortController();
  let whole = false;
  try {
    await stream(
      `${API}/messages`,
      { message: user.text, session_id: talk.get().session, stream: true },
      (e) => {
        if (e.event === 'delta')
          setTurns((t) => grow(t, answer.key, (JSON.parse(e.data) as { text: string }).text));
        if (e.event !== 'done') return;
        const reply = JSON.parse(e.data) as Reply;
        whole = true;
        setTurns((t) => finish(t, answer.key, reply));
        replied(reply, false);
      },
      abort.signal,
    );
    if (!whole) throw new TypeError('the answer broke off');
  } catch (e) {
    if (whole) return;
    if (abort.signal.aborted) setTurns((t) => stopped(t, answer.key));
    else if (offline(e))
      setTurns((t) =>
        change(
          t.filter((x) => x.key !== answer.key),
          user.key,
          { state: 'queued', note: 'is sent as soon as Sotto is back' },
        ),
      );
    else setTurns((t) => change(t, answer.key, { state: 'failed', note: says(e) }));
  } finally {
    abort = null;
    talk.set((s) => (s.answeringKey === answer.key ? { ...s, answeringKey: null } : s));
    if (talk.get().turns.some((t) => t.state === 'queued') && liveState.get() === 'open')
      setTimeout(() => void resend(), 600);
  }
}

export function say(text: string): void {
  const words = text.trim();
  if (!words) return;
  const user = said(words, new Date().toISOString(), 'sending');
  setTurns((t) => [...t, user]);
  line = line.then(() => ask(user));
}

export function stopAnswer(): void {
  abort?.abort();
}

export function askAgain(key: string): void {
  const { turns } = talk.get();
  const at = turns.findIndex((t) => t.key === key);
  const words = turns
    .slice(0, at)
    .reverse()
    .find((t) => t.role === 'user');
  if (!words) return;
  setTurns((t) => t.filter((x) => x.key !== key));
  line = line.then(() => ask(words));
}

// ---- after a broken connection --------------------------------------------------------------------

async function lastMessages(): Promise<ConversationMessages | null> {
  const session =
    talk.get().session ?? (await get<ConversationList>(`${API}?limit=1`)).conversations[0]?.id;
  return session ? get<ConversationMessages>(`${API}/${session}?limit=50`) : null;
}

/** Whether something said since then reached the server and was answered: then that is shown. */
export async function hasArrivedSince(began: number): Promise<boolean> {
  const there = await lastMessages();
  const n = there?.messages.length ?? 0;
  const answer = there?.messages[n - 1];
  const words = there?.messages[n - 2];
  if (!there || answer?.role !== 'assistant' || words?.role !== 'user') return false;
  if (new Date(words.at).getTime() < began) return false;
  remember(there.id);
  talk.set((s) => ({
    ...s,
    turns: [...fromMessages(there.messages), ...s.turns.filter((t) => t.state === 'queued')],
    older: there.next_cursor,
  }));
  return true;
}

let resending = false;
/** What was written while away is sent now, once: what had arrived before the connection broke is
 * not said twice. */
export async function resend(): Promise<void> {
  if (resending) return;
  resending = true;
  try {
    for (const turn of talk.get().turns.filter((t) => t.state === 'queued')) {
      const there = await lastMessages();
      const fate = there ? fateOf(there.messages, turn.text, turn.at) : 'lost';
      if (there && fate === 'answered') {
        remember(there.id);
        const later = talk.get().turns.filter((t) => t.state === 'queued' && t.key !== turn.key);
        talk.set((s) => ({
          ...s,
          turns: [...fromMessages(there.messages), ...later],
          older: there.next_cursor,
        }));
      } else {
        line = line.then(() => ask(turn));
        await line;
      }
    }
  } catch (e) {
    if (!offline(e)) complain(e);
  } finally {
    resending = false;
  }
}

// ---- sessions ------------------------------------------------------------------------------------

export async function openSession(id: string): Promise<void> {
  if (talk.get().session === id && talk.get().turns.length) return;
  stopAnswer();
  remember(id);
  talk.set((s) => ({ ...s, turns: [], loading: true, older: null }));
  try {
    const c = await get<ConversationMessages>(`${API}/${id}?limit=50`);
    if (talk.get().session !== id) return;
    talk.set((s) => ({
      ...s,
      turns: fromMessages(c.messages),
      older: c.next_cursor,
      loading: false,
    }));
  } catch (e) {
    talk.set((s) => ({ ...s, loading: false }));
    newSession();
    toast(says(e), { bad: true });
  }
}

export async function loadOlder(): Promise<void> {
  const { session, older } = talk.get();
  if (!session || !older) return;
  const c = await get<ConversationMessages>(
    `${API}/${session}?limit=50&cursor=${encodeURIComponent(older)}`,
  );
  talk.set((s) =>
    s.session === session
      ? { ...s, turns: [...fromMessages(c.messages), ...s.turns], older: c.next_cursor }
      : s,
  );
}

export function newSession(): void {
  stopAnswer();
  remember(null);
  talk.set({ session: null, turns: [], older: null, loading: false, answeringKey: null });
}

/** Another window went on in this conversation. */
async function refresh(session: string): Promise<void> {
  if (session !== talk.get().session || talk.get().answeringKey) return;
  const c = await get<ConversationMessages>(`${API}/${session}?limit=50`);
  if (session === talk.get().session && !talk.get().answeringKey)
    talk.set((s) => ({ ...s, turns: fromMessages(c.messages), older: c.next_cursor }));
}

export function watchTalk(): void {
  live.on('resync', () => {
    const { session, turns } = talk.get();
    if (session && !turns.some((t) => t.state === 'queued'))
      void refresh(session).catch(() => undefined);
  });
  others?.addEventListener('message', (e: MessageEvent) => {
    invalidate(API);
    void refresh(e.data as string).catch(() => undefined);
  });
  try {
    const session = sessionStorage.getItem('sotto.session');
    if (session) void openSession(session);
  } catch {
    /* begins anew */
  }
}

export async function undoLast(): Promise<void> {
  try {
    await post('/api/v1/tasks/undo');
    toast('Undone');
  } catch (e) {
    complain(e);
  }
}

export type { Conversation };
