// A conversation as a list of turns, and what events do to it: functions of state, nothing else.
import type { Citation, Message, Reply, VoiceInteraction } from '../api/types';

export type TurnState =
  | 'partial' // still being spoken
  | 'queued' // written, and the server was not there
  | 'sending'
  | 'streaming'
  | 'done'
  | 'stopped'
  | 'failed';

export interface Turn {
  key: string;
  role: 'user' | 'assistant';
  text: string;
  at: string;
  state: TurnState;
  spoken?: boolean;
  citations?: Citation[];
  action?: string;
  found?: boolean;
  confidence?: number;
  ms?: number;
  model?: string | null;
  tasks?: string[];
  canUndo?: boolean;
  note?: string;
  settled?: number; // of a partial turn: so much of its text does not change any more
}

/** ES2023's findLastIndex. */
function lastIndex(turns: Turn[], is: (t: Turn, i: number) => boolean): number {
  for (let i = turns.length - 1; i >= 0; i--) if (is(turns[i]!, i)) return i;
  return -1;
}

let counter = 0;
export const turnKey = (): string => `t${++counter}`;

export const said = (
  text: string,
  at: string,
  state: TurnState = 'done',
  spoken = false,
): Turn => ({ key: turnKey(), role: 'user', text, at, state, spoken });
export const answering = (at: string): Turn => ({
  key: turnKey(),
  role: 'assistant',
  text: '',
  at,
  state: 'sending',
});

export function change(turns: Turn[], key: string, members: Partial<Turn>): Turn[] {
  return turns.map((t) => (t.key === key ? { ...t, ...members } : t));
}

/** The next piece of an answer. */
export function grow(turns: Turn[], key: string, text: string): Turn[] {
  return turns.map((t) =>
    t.key === key && t.state !== 'stopped' ? { ...t, text: t.text + text, state: 'streaming' } : t,
  );
}

export function replyMembers(r: Partial<Reply> & { response: string }): Partial<Turn> {
  return {
    text: r.response,
    citations: r.citations ?? [],
    action: r.action,
    found: r.found,
    confidence: r.confidence,
    ms: r.response_time_ms,
    tasks: r.tasks,
    canUndo: r.can_undo,
    model: r.model,
    note: r.note ?? undefined,
    state: 'done',
  };
}

export const finish = (turns: Turn[], key: string, r: Reply): Turn[] =>
  change(turns, key, replyMembers(r));

/** Whoever stops an answer keeps what is there of it. */
export function stopped(turns: Turn[], key: string): Turn[] {
  return turns.flatMap((t) => {
    if (t.key !== key) return [t];
    return [
      { ...t, state: 'stopped' as const, note: t.text ? 'stopped' : 'stopped before it answered' },
    ];
  });
}

export function fromMessages(messages: Message[]): Turn[] {
  return messages.map((m) => ({
    key: m.id,
    role: m.role,
    text: m.text,
    at: m.at,
    state: 'done' as const,
    citations: m.citations,
    action: m.action,
    found: m.found,
    confidence: m.confidence,
    ms: m.response_time_ms,
    model: m.model,
    note: m.note ?? undefined,
  }));
}

/** What is being said now, as far as it was understood: one turn at the end that grows. */
export function hear(turns: Turn[], text: string, at: string, settled = ''): Turn[] {
  const last = turns[turns.length - 1];
  const members = { text, settled: settled.length };
  if (last?.state === 'partial') return change(turns, last.key, members);
  return [...turns, { ...said(text, at, 'partial', true), ...members }];
}

/** The final words; none: nobody spoke, and there is no turn. */
export function heard(turns: Turn[], text: string, at: string): Turn[] {
  const rest = turns.filter((t) => t.state !== 'partial');
  return text.trim() ? [...rest, said(text, at, 'done', true)] : rest;
}

/** The spoken words that wait for their answer. */
export function unanswered(turns: Turn[]): Turn | null {
  const at = lastIndex(turns, (t) => t.role === 'user' && t.state === 'done');
  const next = turns[at + 1];
  const words = turns[at];
  if (!words?.spoken) return null;
  return !next || next.role === 'user' || next.state === 'streaming' ? words : null;
}

/** A spoken turn's answer, whole: takes the place of what streamed, or stands behind its words, also
 * when somebody speaks on already. */
export function spokenAnswer(turns: Turn[], v: VoiceInteraction, at: string): Turn[] {
  if (!v.transcript.trim()) return turns;
  const members = { ...replyMembers(v), ms: v.processing_time_ms };
  const open = lastIndex(
    turns,
    (t) => t.role === 'assistant' && (t.state === 'streaming' || t.state === 'sending'),
  );
  const mine = lastIndex(
    turns,
    (t, i) => t.spoken === true && t.text === v.transcript && turns[i + 1]?.role !== 'assistant',
  );
  const answer = { ...answering(at), ...members } as Turn;
  if (mine >= 0 && open < 0) return [...turns.slice(0, mine + 1), answer, ...turns.slice(mine + 1)];
  if (open >= 0) {
    const out = change(turns, turns[open]!.key, members);
    const before = turns[open - 1];
    if (before?.role === 'user' && before.text === v.transcript) return out;
    return [...out.slice(0, open), said(v.transcript, at, 'done', true), ...out.slice(open)];
  }
  // The words were not told before (a single frame of sound): both.
  const rest = turns.filter((t) => t.state !== 'partial');
  return [...rest, said(v.transcript, at, 'done', true), answer];
}

export type Fate = 'answered' | 'arrived' | 'lost';

/** After a broken connection: what became of what was sent at `sentAt`, going by the messages that
 * the server has. Its clock may differ a little. */
export function fateOf(messages: Message[], text: string, sentAt: string, slackMs = 5000): Fate {
  const from = new Date(sentAt).getTime() - slackMs;
  for (let i = messages.length - 1; i >= 0; i--) {
    const m = messages[i]!;
    if (m.role !== 'user' || m.text.trim() !== text.trim()) continue;
    if (new Date(m.at).getTime() < from) return 'lost';
    return messages[i + 1]?.role === 'assistant' ? 'answered' : 'arrived';
  }
  return 'lost';
}
