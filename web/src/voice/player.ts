// Spoken answers: whole sounds (from synthesize) and sound that comes in pieces (from the live
// session), through one AudioContext; stopping is immediate.
import { send } from '../api/client';
import { store } from '../state/store';

export const speaking = store<string | null>(null); // what it is about: a turn's key, 'briefing'

let context: AudioContext | null = null;
let sources: AudioBufferSourceNode[] = [];
let turn = 0;
let playAt = 0;
let rate = 22050;

function ready(): AudioContext {
  context ??= new AudioContext();
  if (context.state === 'suspended') void context.resume();
  return context;
}

export function hush(): void {
  turn++;
  for (const s of sources) {
    s.onended = null;
    try {
      s.stop();
    } catch {
      /* it had not begun */
    }
  }
  sources = [];
  playAt = 0;
  speaking.set(null);
}

function play(buffer: AudioBuffer, at: number, last: () => void): void {
  const c = ready();
  const source = c.createBufferSource();
  source.buffer = buffer;
  source.connect(c.destination);
  source.onended = () => {
    sources = sources.filter((s) => s !== source);
    if (!sources.length) last();
  };
  sources.push(source);
  source.start(at);
}

/** Says a text; ends early when hush() is called or something else is said. */
export async function speak(text: string, about: string, speed = 1, voice = ''): Promise<void> {
  hush();
  const mine = turn;
  speaking.set(about);
  try {
    const answer = await send('POST', '/api/v1/voice/synthesize', {
      text: text.slice(0, 4000),
      speed,
      format: 'wav',
      ...(voice ? { voice } : {}),
    });
    const buffer = await ready().decodeAudioData(await answer.arrayBuffer());
    if (mine !== turn) return;
    await new Promise<void>((done) => {
      play(buffer, 0, done);
      const off = speaking.on(() => {
        if (speaking.get() !== about) {
          off();
          done();
        }
      });
    });
  } finally {
    if (mine === turn) speaking.set(null);
  }
}

export function streamBegin(hz: number, about: string): void {
  hush();
  rate = hz;
  speaking.set(about);
  playAt = ready().currentTime + 0.06;
}

export function streamPiece(data: ArrayBuffer): void {
  const pcm = new Int16Array(data, 0, data.byteLength >> 1);
  if (!pcm.length || !speaking.get()) return;
  const c = ready();
  const buffer = c.createBuffer(1, pcm.length, rate);
  const out = buffer.getChannelData(0);
  for (let i = 0; i < pcm.length; i++) out[i] = pcm[i]! / 32768;
  playAt = Math.max(playAt, c.currentTime + 0.01);
  const mine = turn;
  play(buffer, playAt, () => {
    if (mine === turn && streamOver) speaking.set(null);
  });
  playAt += buffer.duration;
}

let streamOver = true;
export function streamState(open: boolean): void {
  streamOver = !open;
  if (!open && !sources.length) speaking.set(null);
}
