// Speaking to it: the microphone into the WebSocket's live session, words, states and sound out of it.
//
// States are the server's (idle, listening, hearing, thinking, speaking) and two of ours: opening,
// while the browser asks for the microphone, and away, while the connection is gone. The microphone
// stays open until the session is over, so that speaking into the answer stops it. What is being said
// is kept (take.ts) until it was understood, and said once more when the connection comes back.
// An Error frame is a notice, never a person's words.
import type { Reply, VoiceInteraction } from '../api/types';
import { live, liveState } from '../state/live';
import { settingValue } from '../state/settings';
import { store } from '../state/store';
import { hasArrivedSince, replied, resend, talk, whenReplied } from '../state/talk';
import { toast } from '../state/toasts';
import {
  answering,
  change,
  grow,
  hear,
  heard,
  spokenAnswer,
  stopped,
  unanswered,
  type Turn,
} from '../state/turns';
import { meter, micProblem, openMic, type Mic } from './mic';
import { hush, speak, speaking, streamBegin, streamEnd, streamPiece } from './player';
import { Take } from './take';

export type VoiceState =
  | 'idle'
  | 'opening'
  | 'listening'
  | 'hearing'
  | 'thinking'
  | 'speaking'
  | 'away';
export interface VoiceNow {
  state: VoiceState;
  problem: string | null;
}
export const voice = store<VoiceNow>({ state: 'idle', problem: null });
/** 0 to 1: the microphone's own level. */
export const level = store(0);

interface Start {
  rate: number;
  format: 's16le';
  speak: boolean;
  continuous: boolean;
  manual: boolean;
}
let mic: Mic | null = null;
let take: Take | null = null;
let start: Start | null = null; // what the server was asked; null: it was not asked yet
let liveSpeaks = false;
let acknowledged = false; // the server has said that it listens
const WAITS = 'is sent as soon as Sotto is back';

const set = (members: Partial<VoiceNow>): void => voice.set((v) => ({ ...v, ...members }));
const now = (): string => new Date().toISOString();
const setTurns = (f: (t: Turn[]) => Turn[]): void => talk.set((s) => ({ ...s, turns: f(s.turns) }));
const dropPartial = (): void => setTurns((t) => t.filter((x) => x.state !== 'partial'));
export const listening = (s: VoiceState): boolean =>
  s === 'opening' || s === 'listening' || s === 'hearing';

function closeMic(): void {
  mic?.stop();
  mic = null;
  level.set(0);
}

function end(problem: string | null = null): void {
  closeMic();
  take = null;
  start = null;
  set({ state: 'idle', problem });
}

// ---- beginning -----------------------------------------------------------------------------------

let wanted: 'unknown' | 'tap' | 'hold' = 'unknown';
let begun = 0; // the last press; an older one's microphone is not wanted any more

/** The microphone opens; how long the button is held decides what ends it (tapped, held). */
export async function startVoice(): Promise<void> {
  if (voice.get().state !== 'idle') return;
  const mine = ++begun;
  hush();
  wanted = 'unknown';
  set({ state: 'opening', problem: null });
  try {
    const opened = await openMic(
      (frame) => {
        if (mic !== opened || !take) return;
        take.add(frame.pcm.buffer as ArrayBuffer);
        if (start && voice.get().state !== 'away') live.sendBinary(take.last());
        // Rises at once and falls slowly, as a needle would: but it is the microphone's own level.
        level.set(Math.max(meter(frame.rms), level.get() * 0.86));
      },
      () => endVoice(),
    );
    if (mine !== begun || voice.get().state !== 'opening') return opened.stop();
    mic = opened;
    take = new Take(Date.now());
    set({ state: 'listening' });
    if (wanted !== 'unknown') begin();
  } catch (e) {
    if (mine === begun) end(micProblem(e));
  }
}

/** A short press: the server hears when the words are over. */
export function tapped(): void {
  wanted = 'tap';
  begin();
}
/** A long one: letting go is the end, however long somebody thinks in between. */
export function held(): void {
  wanted = 'hold';
  begin();
}

function begin(): void {
  if (!mic || start) return;
  const manual = wanted === 'hold';
  start = {
    rate: mic.rate,
    format: 's16le',
    speak: settingValue('speak_answers', 'spoken') !== 'never',
    continuous: !manual && settingValue('hands_free', 'no') === 'yes',
    manual,
  };
  if (!sendTake()) end('Sotto does not answer; it cannot listen now.');
}

/** Everything that was said since the beginning of the take, to a session that begins anew. */
function sendTake(): boolean {
  const { session } = talk.get();
  const speed = Number(settingValue('speech_speed', '1'));
  liveSpeaks = start!.speak;
  acknowledged = false;
  const ok = live.send('VoiceStart', {
    ...start,
    speed,
    ...(session ? { session_id: session } : {}),
  });
  if (ok) for (const frame of take!.frames) live.sendBinary(frame);
  return ok;
}

// ---- ending --------------------------------------------------------------------------------------

/** That was all: it is answered. */
export function endVoice(): void {
  const { state } = voice.get();
  if (state === 'away' && take) {
    take.ended = true;
    closeMic();
    return;
  }
  if (!listening(state)) return;
  if (!mic || !take) return end();
  if (!start) begin();
  take.ended = true;
  closeMic();
  if (live.send('VoiceEnd', {})) set({ state: 'thinking' });
  else set({ state: 'away' });
}

/** Nothing of it: what was heard is not answered, what is said falls silent. Without hands it goes on
 * listening then, unless `all`. */
export function cancelVoice(all = true): void {
  const { state } = voice.get();
  const answer = state === 'thinking' || state === 'speaking';
  const goesOn = !all && answer && mic !== null && start?.continuous === true;
  begun++;
  hush();
  if (state === 'idle') return;
  if (start) live.send('Cancel', {});
  // Without hands the first ends the answer, the second the session.
  if (start?.continuous && !goesOn) live.send('Cancel', {});
  setTurns((turns) => {
    const rest = turns.filter((t) => t.state !== 'partial');
    const open = rest[rest.length - 1];
    return open?.state === 'streaming' ? stopped(rest, open.key) : rest;
  });
  if (goesOn) take?.forget();
  else end();
}

// ---- what the server says ------------------------------------------------------------------------

function answered(i: VoiceInteraction): void {
  setTurns((t) => spokenAnswer(t, i, now()));
  if (!i.transcript.trim()) {
    toast(
      'Nothing was to be heard. Hold the button while you speak, or tap it and wait for the end.',
    );
    return;
  }
  replied(
    {
      citations: [],
      tasks: [],
      ...i,
      action: i.action ?? '',
      session_id: i.session_id ?? talk.get().session ?? '',
    } as unknown as Reply,
    true,
  );
}

function changed(state: VoiceState): void {
  const mine = voice.get().state;
  if (!start || mine === 'idle' || mine === 'opening' || mine === 'away') return;
  if (state === 'listening') acknowledged = true;
  if (state === 'idle') {
    if (acknowledged) end(voice.get().problem); // else it is of the session before
    return;
  }
  // After the end a late word about listening is not ours to show.
  if (mic || !listening(state)) set({ state });
}

function lost(): void {
  const { state } = voice.get();
  if (state === 'idle' || state === 'opening') return;
  streamEnd(); // what has come of an answer is played to its end
  dropPartial();
  const words = state === 'thinking' ? unanswered(talk.get().turns) : null;
  if (words) {
    // They were understood, so they are sent as text.
    setTurns((t) => change(t, words.key, { state: 'queued', note: WAITS }));
    take?.forget();
  }
  if (!start || !take) return end();
  if (!start.continuous) {
    if (words || state === 'speaking') return end();
    if (state === 'thinking') {
      take.ended = true;
      closeMic();
    }
  }
  set({ state: 'away' });
}

/** The connection is back: what was being said goes on, with all that was said in between. */
async function back(): Promise<void> {
  if (voice.get().state !== 'away' || !take || !start) return;
  const mine = take;
  try {
    // It may have arrived and been answered, and only the answer was lost.
    if (mine.frames.length && (await hasArrivedSince(mine.began))) mine.forget();
  } catch {
    return; // gone again: the next connection asks again
  }
  if (voice.get().state !== 'away' || take !== mine || liveState.get() !== 'open') return;
  if (!mic && !mine.frames.length) return end();
  if (!sendTake()) return;
  set({ state: mic ? 'listening' : 'thinking' });
  if (mine.ended) live.send('VoiceEnd', {});
}

export function watchVoice(): void {
  live.on<{ text: string; final: boolean; settled?: string }>('Transcript', (t) => {
    if (!start) return; // it was cancelled
    if (t.final) take?.forget();
    setTurns((s) => (t.final ? heard(s, t.text, now()) : hear(s, t.text, now(), t.settled)));
  });
  live.on<{ state: VoiceState }>('VoiceState', ({ state }) => changed(state));
  live.on<{ delta?: string; done: boolean }>('TextResponse', (r) => {
    if (r.done || !r.delta || !start) return;
    setTurns((turns) => {
      const last = turns[turns.length - 1];
      if (last?.role === 'assistant' && last.state === 'streaming')
        return grow(turns, last.key, r.delta!);
      const turn = answering(now());
      return grow([...turns, turn], turn.key, r.delta!);
    });
  });
  live.on<{ interaction: VoiceInteraction }>('VoiceResponse', ({ interaction }) => {
    if (start) answered(interaction);
  });
  live.on<{ rate: number }>('VoiceAudio', ({ rate }) => {
    if (!start) return;
    const { turns } = talk.get();
    const about = [...turns].reverse().find((t) => t.role === 'assistant');
    streamBegin(rate, about?.key ?? 'voice');
  });
  live.on<{ reason: string }>('VoiceAudioEnd', ({ reason }) => {
    if (reason === 'interrupted' || reason === 'cancelled') hush();
    else streamEnd();
  });
  live.on<ArrayBuffer>('binary', (data) => streamPiece(data));
  live.on<{ code: string; message: string }>('Error', (e) => {
    const { state } = voice.get();
    if (state === 'idle' || state === 'opening' || state === 'away') return;
    dropPartial();
    end(e.message);
  });
  live.on('closed', lost);
  live.on('open', () => void back().then(resend)); // what was spoken, then what was written
  whenReplied((reply, spoken) => {
    if (reply.speech === 'stop') return hush();
    if (spoken && liveSpeaks) return; // the server speaks it
    const rule = settingValue('speak_answers', 'spoken');
    const aloud = reply.speech === 'again' || rule === 'always' || (rule === 'spoken' && spoken);
    if (!aloud) return;
    const speed = (reply.speed || 1) * Number(settingValue('speech_speed', '1'));
    const { turns } = talk.get();
    const about = [...turns].reverse().find((t) => t.role === 'assistant')?.key ?? 'answer';
    speak(reply.response, about, speed).catch((e: Error) => toast(e.message, { bad: true }));
  });
}

export { hush, speak, speaking };
