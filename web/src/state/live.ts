// The WebSocket: connects, subscribes, comes back by itself, and tells whoever listens.
//
// Nothing that was missed while away is asked of the socket: every connection after the first says
// `resync`, upon which what is shown is fetched again.
import { store } from './store';

export type LiveState = 'connecting' | 'open' | 'offline';
export const liveState = store<LiveState>('connecting');

type Handler = (data: never) => void;
const TOPICS = ['documents', 'briefing', 'tasks', 'reminders', 'folders'];
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5000;

export interface LiveParts {
  open(): WebSocket;
  later(f: () => void, ms: number): void;
  random(): number;
}

export class Live {
  private socket: WebSocket | null = null;
  private handlers = new Map<string, Set<Handler>>();
  private pause = FIRST_PAUSE_MS;
  private opened = 0;
  private attempt = 0;
  private stopped = false;

  constructor(private parts: LiveParts) {}

  /** `type` is one of the server's, or open, closed, resync, binary. */
  on<T>(type: string, f: (data: T) => void): () => void {
    const set = this.handlers.get(type) ?? new Set<Handler>();
    this.handlers.set(type, set);
    set.add(f as Handler);
    return () => {
      set.delete(f as Handler);
    };
  }

  private tell(type: string, data: unknown): void {
    for (const f of [...(this.handlers.get(type) ?? [])]) (f as (d: unknown) => void)(data);
  }

  connect(): void {
    if (this.stopped || (this.socket && this.socket.readyState <= 1)) return;
    const turn = ++this.attempt;
    const socket = this.parts.open();
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      liveState.set('open');
      this.send('Subscribe', { topics: TOPICS });
      this.tell('open', null);
      if (this.opened++ > 0) this.tell('resync', null);
    };
    socket.onmessage = (e: MessageEvent) => {
      if (typeof e.data !== 'string') return this.tell('binary', e.data);
      const frame = JSON.parse(e.data) as { type: string; data: unknown };
      this.tell(frame.type, frame.data);
    };
    socket.onclose = () => {
      if (turn !== this.attempt) return;
      liveState.set('offline');
      this.tell('closed', null);
      if (this.stopped) return;
      // Many windows that lost one server do not come back in the same millisecond.
      this.parts.later(() => this.connect(), this.pause * (0.75 + this.parts.random() / 2));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    };
  }

  /** False when there is no connection: nothing was sent. */
  send(type: string, data: unknown): boolean {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(JSON.stringify({ type, data }));
    return true;
  }

  sendBinary(data: ArrayBuffer): boolean {
    if (this.socket?.readyState !== 1) return false;
    this.socket.send(data);
    return true;
  }

  close(): void {
    this.stopped = true;
    this.socket?.close();
  }
}

export const live = new Live({
  open: () =>
    new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`),
  later: (f, ms) => {
    setTimeout(f, ms);
  },
  random: Math.random,
});
