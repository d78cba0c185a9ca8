// The microphone: samples in frames of 20 ms with their true level (public/mic-worklet.js), at 16 kHz
// where the browser can do that, else at the microphone's own rate.

export interface Frame {
  pcm: Int16Array;
  rms: number;
  peak: number;
}
export interface Mic {
  rate: number;
  stop(): void;
}

export function micProblem(e: unknown): string {
  const name = (e as DOMException)?.name;
  if (!navigator.mediaDevices)
    return 'The browser gives the microphone only to this machine’s own address or over https.';
  if (name === 'NotAllowedError')
    return 'The browser does not allow the microphone here; allow it beside the address.';
  if (name === 'NotFoundError') return 'There is no microphone; plug one in and try again.';
  if (name === 'NotReadableError')
    return 'Another program has the microphone; close it and try again.';
  return `The microphone cannot be opened: ${(e as Error)?.message ?? String(e)}`;
}

export async function openMic(on: (frame: Frame) => void, ended: () => void): Promise<Mic> {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: {
      channelCount: 1,
      echoCancellation: true,
      noiseSuppression: true,
      autoGainControl: true,
    },
  });
  let context = new AudioContext({ sampleRate: 16000 });
  let source: MediaStreamAudioSourceNode;
  try {
    try {
      source = context.createMediaStreamSource(stream);
    } catch {
      void context.close(); // some browsers do not connect rates that differ
      context = new AudioContext();
      source = context.createMediaStreamSource(stream);
    }
    await context.audioWorklet.addModule('/assets/mic-worklet.js');
  } catch (e) {
    stream.getTracks().forEach((t) => t.stop());
    void context.close();
    throw e;
  }
  const node = new AudioWorkletNode(context, 'microphone', {
    numberOfOutputs: 0,
    channelCount: 1,
    channelCountMode: 'explicit',
  });
  node.port.onmessage = (e: MessageEvent<Frame>) => on(e.data);
  source.connect(node);
  stream.getAudioTracks()[0]?.addEventListener('ended', ended);
  return {
    rate: context.sampleRate,
    stop() {
      node.port.onmessage = null;
      source.disconnect();
      stream.getTracks().forEach((t) => t.stop());
      void context.close();
    },
  };
}

/** 0..1 for a meter: -54 dBFS and below is nothing, -6 dBFS is full. */
export const meter = (rms: number): number =>
  rms <= 0 ? 0 : Math.max(0, Math.min(1, (20 * Math.log10(rms) + 54) / 48));
