// Sound that comes in pieces (Float32Array), played as one; 'end': that was all; 'hush': silence now.
// Says {done, played, gaps} when all was played: samples, and how often they came too late.
const LEAD = 0.08; // seconds there must be before it begins
const FADE = 96; // samples: no click where it is cut

class Speaker extends AudioWorkletProcessor {
  constructor() {
    super();
    this.reset();
    this.port.onmessage = ({ data }) => {
      if (data === 'end') this.ended = true;
      else if (data === 'hush') this.hush();
      else {
        this.queue.push(data);
        this.held += data.length;
      }
    };
  }

  reset() {
    this.queue = [];
    this.at = 0;
    this.held = 0;
    this.playing = false;
    this.ended = false;
    this.played = 0;
    this.gaps = 0;
  }

  hush() {
    const tail = new Float32Array(FADE);
    const n = this.playing ? this.take(tail) : 0;
    for (let i = 0; i < n; i++) tail[i] *= 1 - i / n;
    this.tail = tail;
    this.reset();
  }

  take(out) {
    let i = 0;
    while (i < out.length && this.queue.length) {
      const first = this.queue[0];
      const n = Math.min(first.length - this.at, out.length - i);
      out.set(first.subarray(this.at, this.at + n), i);
      this.at += n;
      i += n;
      if (this.at === first.length) {
        this.queue.shift();
        this.at = 0;
      }
    }
    this.held -= i;
    return i;
  }

  process(_, outputs) {
    const out = outputs[0][0];
    if (this.tail) out.set(this.tail); // of what was hushed; shorter than one block
    if (this.tail) this.tail = null;
    else this.step(out);
    return true;
  }

  step(out) {
    if (!this.playing && this.held && (this.ended || this.held >= LEAD * sampleRate))
      this.playing = true;
    if (!this.playing && !(this.ended && !this.held)) return;
    const n = this.take(out);
    this.played += n;
    if (n === out.length) return;
    if (this.ended) {
      this.port.postMessage({ done: true, played: this.played, gaps: this.gaps });
      this.reset();
    } else {
      this.gaps++;
      this.playing = false;
    }
  }
}
registerProcessor('speaker', Speaker);
