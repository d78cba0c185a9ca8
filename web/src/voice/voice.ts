// Speaking to it: the microphone into the WebSocket's live session, words and states out of it.
//
// States are the server's (idle, listening, hearing, thinking, speaking) and one of ours: opening,
// while the browser asks for the microphone. An Error frame is a notice, never a person's words.
import type { Reply, VoiceInteraction } from '../api/types';
import { live } from '../state/live';
import { settingValue } from '../state/settings';
import { store } from '../state/store';
import { replied, talk, whenReplied } from '../state/talk';
import { toast } from '../state/toasts';
import { answering, grow, hear, heard, spokenAnswer, stopped } from '../state/turns';
import { meter, micProblem, openMic, type Mic } from './mic';
import { hush, speak, speaking, streamBegin, streamPiece, streamState } from './player';

export type VoiceState = 'idle' | 'opening' | 'listening' | 'hearing' | 'thinking' | 'speaking';
export interface VoiceNow {
  state: VoiceState;
  level: number;
  problem: string | null;
}
export const voice = store<VoiceNow>({ state: 'idle', level: 0, problem: null });

let mic: Mic | null = null;
let level = 0;
let streamed = false; // the server speaks the answer itself

const set = (members: Partial<VoiceNow>): void => voice.set((v) => ({ ...v, ...members }));
const now = (): string => new Date().toISOString();
export const listening = (s: VoiceState): boolean =>
  s === 'opening' || s === 'listening' || s === 'hearing';

function closeMic(): void {
  mic?.stop();
  mic = null;
  level = 0;
  set({ level: 0 });
}

export async function startVoice(): Promise<void> {
  if (listening(voice.get().state)) return;
  hush();
  set({ state: 'opening', problem: null });
  try {
    const opened = await openMic(
      (frame) => {
        if (mic !== opened) return;
        live.sendBinary(frame.pcm.buffer as ArrayBuffer);
        // Rises at once and falls slowly, as a needle would: but it is the microphone's own level.
        level = Math.max(meter(frame.rms), level * 0.86);
        set({ level });
      },
      () => endVoice(),
    );
    if (voice.get().state !== 'opening') return opened.stop(); // let go of meanwhile
    if (
      !live.send('VoiceStart', {
        rate: opened.rate,
        format: 's16le',
        ...(talk.get().session ? { session_id: talk.get().session } : {}),
      })
    ) {
      opened.stop();
      set({ state: 'idle', problem: 'Sotto does not answer; it cannot listen now.' });
      return;
    }
    mic = opened;
    streamed = false;
    set({ state: 'listening' });
  } catch (e) {
    closeMic();
    set({ state: 'idle', problem: micProblem(e) });
  }
}

/** That was all: it is answered. */
export function endVoice(): void {
  const { state } = voice.get();
  if (!listening(state)) return;
  const had = mic !== null;
  closeMic();
  if (had && live.send('VoiceEnd', {})) set({ state: 'thinking' });
  else set({ state: 'idle' });
}

/** Nothing of it: what was heard is not answered, what is said falls silent. */
export function cancelVoice(): void {
  const { state } = voice.get();
  hush();
  closeMic();
  if (state === 'idle') return;
  live.send('Cancel', {});
  talk.set((s) => {
    const open = s.turns[s.turns.length - 1];
    const rest = s.turns.filter((t) => t.state !== 'partial');
    return {
      ...s,
      turns: open?.spoken || open?.state === 'streaming' ? stopped(rest, open.key) : rest,
    };
  });
  set({ state: 'idle' });
}

function answer(i: VoiceInteraction): void {
  closeMic();
  talk.set((s) => ({ ...s, turns: spokenAnswer(s.turns, i, now()) }));
  if (voice.get().state !== 'speaking') set({ state: 'idle' });
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

interface AudioFrame {
  state?: string;
  event?: string;
  rate?: number;
  rate_hz?: number;
  why?: string;
}

export function watchVoice(): void {
  live.on<{ text: string; final: boolean }>('Transcript', (t) => {
    talk.set((s) => ({
      ...s,
      turns: t.final ? heard(s.turns, t.text, now()) : hear(s.turns, t.text, now()),
    }));
  });
  live.on<{ state: VoiceState }>('VoiceState', ({ state }) => {
    // After VoiceEnd a late `listening` of a session that goes on is not ours to show.
    if (state === 'thinking' || state === 'idle') closeMic();
    if (state !== 'idle' || voice.get().state !== 'opening') set({ state });
  });
  live.on<{ response?: string; delta?: string; text?: string; done: boolean }>(
    'TextResponse',
    (r) => {
      const piece = r.delta ?? r.text ?? r.response ?? '';
      if (r.done || !piece) return;
      talk.set((s) => {
        const last = s.turns[s.turns.length - 1];
        if (last?.role === 'assistant' && last.state === 'streaming')
          return { ...s, turns: grow(s.turns, last.key, piece) };
        const turn = answering(now());
        return { ...s, turns: grow([...s.turns, turn], turn.key, piece) };
      });
    },
  );
  live.on<{ interaction: VoiceInteraction }>('VoiceResponse', ({ interaction }) =>
    answer(interaction),
  );
  live.on<AudioFrame>('VoiceAudio', (f) => {
    const what = f.state ?? f.event ?? '';
    if (/begin|start/.test(what)) {
      streamed = true;
      streamBegin(f.rate ?? f.rate_hz ?? 22050, 'voice');
      streamState(true);
    } else if (/interrupt|cancel|fail/.test(what + (f.why ?? ''))) hush();
    else streamState(false);
  });
  live.on<ArrayBuffer>('binary', (data) => streamPiece(data));
  live.on<{ code: string; message: string }>('Error', (e) => {
    if (voice.get().state === 'idle') return;
    closeMic();
    talk.set((s) => ({ ...s, turns: s.turns.filter((t) => t.state !== 'partial') }));
    set({ state: 'idle', problem: e.message });
  });
  live.on('closed', () => {
    if (voice.get().state === 'idle') return;
    closeMic();
    hush();
    set({
      state: 'idle',
      problem: 'The connection broke while you spoke. Say it again, or write it.',
    });
  });
  whenReplied((reply, spoken) => {
    if (reply.speech === 'stop') return hush();
    const rule = settingValue('speak_answers', 'spoken');
    const aloud = reply.speech === 'again' || rule === 'always' || (rule === 'spoken' && spoken);
    if (!aloud || streamed) return;
    const speed = (reply.speed || 1) * Number(settingValue('speech_speed', '1'));
    speak(reply.response, 'answer', speed).catch((e: Error) => toast(e.message, { bad: true }));
  });
}

export { hush, speak, speaking };
