import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Frame } from '../src/voice/mic';

// The server, the microphone and the loudspeaker, as far as the session needs them.
const wire = vi.hoisted(() => {
  const handlers = new Map<string, ((d: unknown) => void)[]>();
  return {
    open: true,
    sent: [] as [string, unknown][],
    frames: 0,
    arrived: false,
    on(type: string, f: (d: unknown) => void) {
      handlers.set(type, [...(handlers.get(type) ?? []), f]);
      return () => undefined;
    },
    tell(type: string, data: unknown = null) {
      for (const f of handlers.get(type) ?? []) f(data);
    },
  };
});
const sound = vi.hoisted(() => ({
  mic: null as ((f: Frame) => void) | null,
  stopped: 0,
  said: [] as string[],
}));

vi.mock('../src/state/live', () => ({
  live: {
    on: wire.on,
    send: (type: string, data: unknown) => {
      if (wire.open) wire.sent.push([type, data]);
      return wire.open;
    },
    sendBinary: () => {
      if (wire.open) wire.frames++;
      return wire.open;
    },
  },
  liveState: { get: () => (wire.open ? 'open' : 'offline'), on: () => () => undefined },
}));
vi.mock('../src/voice/mic', () => ({
  meter: (v: number) => v,
  micProblem: (e: unknown) => String(e),
  openMic: (on: (f: Frame) => void) => {
    sound.mic = on;
    return Promise.resolve({
      rate: 16000,
      stop: () => {
        sound.stopped++;
        sound.mic = null;
      },
    });
  },
}));
vi.mock('../src/voice/player', () => ({
  speaking: { get: () => null, on: () => () => undefined },
  hush: () => sound.said.push('hush'),
  speak: () => Promise.resolve(),
  streamBegin: (hz: number) => sound.said.push(`begin ${hz}`),
  streamPiece: (d: ArrayBuffer) => sound.said.push(`piece ${d.byteLength}`),
  streamEnd: () => sound.said.push('end'),
}));
vi.mock('../src/state/talk', async (original) => ({
  ...(await original<Record<string, unknown>>()),
  hasArrivedSince: () => Promise.resolve(wire.arrived),
  resend: () => Promise.resolve(),
  replied: () => undefined,
}));

const { cancelVoice, endVoice, held, level, startVoice, tapped, voice, watchVoice } = await import(
  '../src/voice/voice'
);
const { talk } = await import('../src/state/talk');
watchVoice();

const speakInto = (n: number) => {
  for (let i = 0; i < n; i++) sound.mic!({ pcm: new Int16Array(320), rms: 0.5, peak: 0.5 });
};
const types = () => wire.sent.map(([t]) => t);
const options = () => wire.sent.filter(([t]) => t === 'VoiceStart').at(-1)?.[1];
const words = () => talk.get().turns.map((t) => `${t.role === 'user' ? '' : '> '}${t.text}`);

beforeEach(() => {
  cancelVoice();
  Object.assign(wire, { open: true, sent: [], frames: 0, arrived: false });
  Object.assign(sound, { stopped: 0, said: [] });
  talk.set({ session: null, turns: [], older: null, loading: false, answeringKey: null });
});

describe('speaking to it', () => {
  it('sends what was said before it was known whether the button is held', async () => {
    await startVoice();
    speakInto(5);
    expect(wire.frames).toBe(0);
    tapped();
    expect(options()).toMatchObject({ format: 's16le', speak: true, manual: false });
    expect(wire.frames).toBe(5);
    speakInto(1);
    expect(wire.frames).toBe(6);
    expect(level.get()).toBeGreaterThan(0);
  });
  it('held, only letting go is the end', async () => {
    await startVoice();
    held();
    expect(options()).toMatchObject({ manual: true, continuous: false });
    wire.tell('VoiceState', { state: 'listening' });
    endVoice();
    expect(types()).toEqual(['VoiceStart', 'VoiceEnd']);
    expect(voice.get().state).toBe('thinking');
    expect(sound.stopped).toBe(1);
  });
  it('keeps the microphone open while it is answered, and ends with the answer', async () => {
    await startVoice();
    tapped();
    for (const state of ['listening', 'hearing', 'thinking']) wire.tell('VoiceState', { state });
    wire.tell('Transcript', { text: 'who is Dana', final: true });
    wire.tell('VoiceResponse', {
      interaction: { id: 'i', transcript: 'who is Dana', response: 'Your manager.' },
    });
    wire.tell('VoiceAudio', { rate: 22050 });
    wire.tell('VoiceState', { state: 'speaking' });
    wire.tell('binary', new ArrayBuffer(1764));
    expect(sound.stopped).toBe(0);
    wire.tell('VoiceAudioEnd', { reason: 'interrupted' }); // somebody spoke into it
    expect(sound.said.slice(-3)).toEqual(['begin 22050', 'piece 1764', 'hush']);
    wire.tell('VoiceState', { state: 'idle' });
    expect(voice.get().state).toBe('idle');
    expect(sound.stopped).toBe(1);
    expect(words()).toEqual(['who is Dana', '> Your manager.']);
  });
  it('does not take an idle of the session before for its own', async () => {
    await startVoice();
    tapped();
    wire.tell('VoiceState', { state: 'idle' });
    expect(voice.get().state).toBe('listening');
  });
  it('is told of an error as a notice, never as words', async () => {
    await startVoice();
    tapped();
    wire.tell('Transcript', { text: 'who', final: false });
    wire.tell('Error', { code: 'INTERNAL_ERROR', message: 'no ear' });
    expect(voice.get()).toEqual({ state: 'idle', problem: 'no ear' });
    expect(words()).toEqual([]);
  });
  it('is cancelled with nothing of it left', async () => {
    await startVoice();
    tapped();
    wire.tell('Transcript', { text: 'who', final: false });
    cancelVoice();
    wire.tell('Transcript', { text: 'who is', final: true });
    expect(types()).toEqual(['VoiceStart', 'Cancel']);
    expect(words()).toEqual([]);
  });
});

describe('when the connection breaks', () => {
  it('says once more what was being said, with what was said meanwhile', async () => {
    await startVoice();
    tapped();
    speakInto(3);
    wire.open = false;
    wire.tell('closed');
    expect(voice.get().state).toBe('away');
    speakInto(4);
    wire.open = true;
    wire.frames = 0;
    wire.tell('open');
    await vi.waitFor(() => expect(voice.get().state).toBe('listening'));
    expect(wire.frames).toBe(7);
  });
  it('does not say twice what had arrived', async () => {
    await startVoice();
    tapped();
    speakInto(3);
    endVoice();
    wire.open = false;
    wire.tell('closed');
    wire.open = true;
    wire.arrived = true;
    wire.frames = 0;
    wire.tell('open');
    await vi.waitFor(() => expect(voice.get().state).toBe('idle'));
    expect(wire.frames).toBe(0);
  });
  it('queues words that were understood and not answered', async () => {
    await startVoice();
    tapped();
    wire.tell('VoiceState', { state: 'listening' });
    speakInto(3);
    wire.tell('VoiceState', { state: 'thinking' });
    wire.tell('Transcript', { text: 'call the bank', final: true });
    wire.open = false;
    wire.tell('closed');
    expect(talk.get().turns[0]).toMatchObject({ text: 'call the bank', state: 'queued' });
    expect(voice.get().state).toBe('idle');
  });
});
