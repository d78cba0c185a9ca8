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
  tasks?: string[];
  canUndo?: boolean;
  note?: string;
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
  }));
}

/** What is being said now, as far as it was understood: one turn at the end that grows. */
export function hear(turns: Turn[], text: string, at: string): Turn[] {
  const last = turns[turns.length - 1];
  if (last?.state === 'partial') return change(turns, last.key, { text });
  return [...turns, said(text, at, 'partial', true)];
}

/** The final words; none: nobody spoke, and there is no turn. */
export function heard(turns: Turn[], text: string, at: string): Turn[] {
  const rest = turns.filter((t) => t.state !== 'partial');
  return text.trim() ? [...rest, said(text, at, 'done', true)] : rest;
}

/** A spoken turn's answer, whole: takes the place of what streamed, or stands behind the words. */
export function spokenAnswer(turns: Turn[], v: VoiceInteraction, at: string): Turn[] {
  if (!v.transcript.trim()) return turns.filter((t) => t.state !== 'partial');
  let out = turns.filter((t) => t.state !== 'partial');
  const waiting = out[out.length - 1];
  const open =
    waiting?.role === 'assistant' && (waiting.state === 'streaming' || waiting.state === 'sending')
      ? waiting
      : null;
  const words = [...out].reverse().find((t) => t.role === 'user');
  if (!words?.spoken || words.text !== v.transcript) {
    const turn = said(v.transcript, at, 'done', true);
    out = open ? [...out.slice(0, -1), turn, open] : [...out, turn];
  }
  const members = {
    ...replyMembers({ ...v, response: v.response, confidence: v.confidence }),
    ms: v.processing_time_ms,
  };
  return open ? change(out, open.key, members) : [...out, { ...answering(at), ...members } as Turn];
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
