// A WAV file of 16-bit samples as it comes, in pieces of any size: its header, then its sound. The
// length in the header of a stream means nothing (docs/VOICE.md).

export class WavReader {
  rate = 0; // hertz; 0 while the header is not whole
  private rest = new Uint8Array(0);

  /** The samples of this piece, whole ones only. */
  push(bytes: Uint8Array): ArrayBuffer {
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    const from = this.rate ? 0 : this.header(all);
    if (from === null) {
      this.rest = all;
      return new ArrayBuffer(0);
    }
    const end = from + ((all.length - from) & ~1);
    this.rest = all.slice(end);
    return all.slice(from, end).buffer as ArrayBuffer;
  }

  /** Where the sound begins; null while that is not known. */
  private header(b: Uint8Array): number | null {
    const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    const name = (at: number): string => String.fromCharCode(...b.subarray(at, at + 4));
    if (b.length < 12) return null;
    if (name(0) !== 'RIFF' || name(8) !== 'WAVE') throw new Error('that is no WAV file');
    let rate = 0;
    for (let at = 12; at + 8 <= b.length; ) {
      const size = view.getUint32(at + 4, true);
      if (name(at) === 'data') {
        if (!rate) throw new Error('a WAV file without a format');
        this.rate = rate;
        return at + 8;
      }
      if (name(at) === 'fmt ') {
        if (at + 24 > b.length) return null;
        if (view.getUint16(at + 8, true) !== 1 || view.getUint16(at + 22, true) !== 16)
          throw new Error('a WAV file of another kind');
        if (view.getUint16(at + 10, true) !== 1) throw new Error('more than one channel');
        rate = view.getUint32(at + 12, true);
      }
      at += 8 + size + (size & 1);
    }
    return null;
  }
}
