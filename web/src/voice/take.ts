// What is being said, kept until it was understood: a connection that breaks loses no word of it.

const FRAME_MS = 20;
const AFTER_MS = 1500; // of sound behind the words that were understood: the next ones may be in it
const LONGEST_MS = 120000; // as the server hears of one utterance

export class Take {
  frames: ArrayBuffer[] = [];
  ended = false; // nothing more comes
  constructor(public began: number) {}

  add(frame: ArrayBuffer): void {
    this.frames.push(frame);
    if (this.frames.length > LONGEST_MS / FRAME_MS) this.frames.shift();
  }

  last(): ArrayBuffer {
    return this.frames[this.frames.length - 1]!;
  }

  /** It was understood, or is not wanted. */
  forget(at = Date.now()): void {
    this.frames = this.ended ? [] : this.frames.slice(-AFTER_MS / FRAME_MS);
    this.began = at;
  }
}
