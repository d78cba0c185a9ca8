// Spoken answers. Sound comes in pieces, from the live session as from synthesize, and goes through
// one worklet (public/play-worklet.js) that plays it without gaps and falls silent at once.
import { send } from '../api/client';
import { store } from '../state/store';
import { WavReader } from './wav';

export const speaking = store<string | null>(null); // what it is about: a turn's key, 'briefing'

/** Of the sound that was played last. */
export interface Played {
  samples: number;
  gaps: number;
}

class Output {
  readonly context: AudioContext;
  private node: AudioWorkletNode | null = null;
  private waiting: (Float32Array | 'end' | 'hush')[] = [];
  onDone: ((p: Played) => void) | null = null;

  constructor(readonly rate: number) {
    // The context has the sound's own rate, so that pieces are not resampled one by one.
    this.context = new AudioContext({ sampleRate: rate });
    void this.open();
  }

  private async open(): Promise<void> {
    await this.context.audioWorklet.addModule('/assets/play-worklet.js');
    const node = new AudioWorkletNode(this.context, 'speaker', {
      numberOfInputs: 0,
      outputChannelCount: [1],
    });
    node.port.onmessage = (e: MessageEvent<{ done: boolean; played: number; gaps: number }>) =>
      this.onDone?.({ samples: e.data.played, gaps: e.data.gaps });
    node.connect(this.context.destination);
    this.node = node;
    for (const one of this.waiting.splice(0)) this.put(one);
  }

  put(what: Float32Array | 'end' | 'hush'): void {
    if (this.context.state === 'suspended' && what !== 'hush') void this.context.resume();
    if (this.node) this.node.port.postMessage(what);
    else if (what === 'hush') this.waiting = [];
    else this.waiting.push(what);
  }

  close(): void {
    this.onDone = null;
    void this.context.close();
  }
}

let output: Output | null = null;
let turn = 0; // what is being said now; a higher number has taken its place
let finish: (() => void) | null = null;

function over(): void {
  finish?.();
  finish = null;
  speaking.set(null);
}

/** Silence, at once. */
export function hush(): void {
  turn++;
  output?.put('hush');
  over();
}

/** Another sound begins: what was being said falls silent. */
export function streamBegin(hz: number, about: string): number {
  hush();
  const mine = turn;
  if (output?.rate !== hz) {
    output?.close();
    output = new Output(hz);
  }
  output.onDone = () => {
    if (mine === turn) over();
  };
  speaking.set(about);
  return mine;
}

/** s16le, as it came. */
export function streamPiece(data: ArrayBuffer): void {
  if (!output || speaking.get() === null) return;
  const pcm = new Int16Array(data, 0, data.byteLength >> 1);
  const piece = new Float32Array(pcm.length);
  for (let i = 0; i < pcm.length; i++) piece[i] = pcm[i]! / 32768;
  if (piece.length) output.put(piece);
}

/** That was all; it is played to its end. */
export function streamEnd(): void {
  output?.put('end');
}

/** Says a text: the first sentence sounds while the others are made. Ends when it was said, when
 * hush() is called, or when something else is said. */
export async function speak(text: string, about: string, speed = 1, voice = ''): Promise<void> {
  hush();
  let mine = turn;
  const wav = new WavReader();
  speaking.set(about);
  try {
    const answer = await send('POST', '/api/v1/voice/synthesize', {
      text: text.slice(0, 4000),
      speed,
      format: 'wav',
      stream: true,
      ...(voice ? { voice } : {}),
    });
    const reader = answer.body!.getReader();
    for (let first = true; ; ) {
      const { value, done } = await reader.read();
      if (mine !== turn) return void reader.cancel().catch(() => undefined);
      if (done) break;
      const pcm = wav.push(value);
      if (first && wav.rate) {
        mine = streamBegin(wav.rate, about);
        first = false;
      }
      if (pcm.byteLength) streamPiece(pcm);
    }
    if (!wav.rate) throw new Error('no sound came');
    const end = new Promise<void>((done) => {
      finish = done;
    });
    streamEnd();
    await end;
  } finally {
    if (mine === turn) speaking.set(null);
  }
}
