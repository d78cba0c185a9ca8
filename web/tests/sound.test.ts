import { describe, expect, it } from 'vitest';
import { Take } from '../src/voice/take';
import { WavReader } from '../src/voice/wav';

function wav(samples: number[], channels = 1): Uint8Array {
  const b = new Uint8Array(44 + 4 + samples.length * 2);
  const view = new DataView(b.buffer);
  const text = (at: number, s: string) =>
    [...s].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, 0xffffffff, true); // a stream's length is not known
  text(8, 'WAVEfmt ');
  view.setUint32(16, 20, true); // a longer header than the usual one
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 22050, true);
  view.setUint16(34, 16, true);
  text(40, 'data');
  view.setUint32(44, 0xffffffff, true);
  samples.forEach((v, i) => view.setInt16(48 + 2 * i, v, true));
  return b;
}

describe('a WAV file that comes in pieces', () => {
  const samples = Array.from({ length: 500 }, (_, i) => i * 60 - 15000);
  it.each([1, 3, 7, 40, 47, 100, 5000])('gives the same samples, cut every %i bytes', (step) => {
    const reader = new WavReader();
    const out: number[] = [];
    const all = wav(samples);
    for (let at = 0; at < all.length; at += step)
      out.push(...new Int16Array(reader.push(all.subarray(at, at + step))));
    expect(reader.rate).toBe(22050);
    expect(out).toEqual(samples);
  });
  it('refuses what it cannot play', () => {
    expect(() => new WavReader().push(wav(samples, 2))).toThrow('more than one channel');
    expect(() => new WavReader().push(new Uint8Array(64))).toThrow('no WAV file');
  });
});

describe('what is being said', () => {
  const frame = () => new ArrayBuffer(640);
  it('is kept until it was understood, and a little of what follows', () => {
    const take = new Take(0);
    for (let i = 0; i < 200; i++) take.add(frame());
    expect(take.frames.length).toBe(200);
    take.forget(4000);
    expect(take.frames.length).toBe(75); // 1.5 s: the next words may have begun
    expect(take.began).toBe(4000);
    take.ended = true;
    take.forget();
    expect(take.frames.length).toBe(0);
  });
  it('is not kept without end', () => {
    const take = new Take(0);
    for (let i = 0; i < 7000; i++) take.add(frame());
    expect(take.frames.length).toBe(6000);
  });
});
