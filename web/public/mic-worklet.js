// The microphone's samples, 20 ms at a time, with their level: {pcm: Int16Array, rms, peak}.
const FRAME = Math.round(sampleRate / 50);

class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.frame = new Int16Array(FRAME);
    this.at = 0;
    this.sum = 0;
    this.peak = 0;
  }

  process(inputs) {
    const samples = inputs[0] && inputs[0][0];
    if (!samples) return true;
    for (let i = 0; i < samples.length; i++) {
      const v = Math.max(-1, Math.min(1, samples[i]));
      this.sum += v * v;
      this.peak = Math.max(this.peak, Math.abs(v));
      this.frame[this.at++] = v < 0 ? v * 32768 : v * 32767;
      if (this.at === FRAME) {
        const pcm = this.frame;
        this.port.postMessage({ pcm, rms: Math.sqrt(this.sum / FRAME), peak: this.peak }, [pcm.buffer]);
        this.frame = new Int16Array(FRAME);
        this.at = 0;
        this.sum = 0;
        this.peak = 0;
      }
    }
    return true;
  }
}
registerProcessor('microphone', Microphone);
