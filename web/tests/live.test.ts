import { beforeEach, describe, expect, it } from 'vitest';
import { Live, liveState } from '../src/state/live';

class Socket {
  static all: Socket[] = [];
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  constructor() {
    Socket.all.push(this);
  }
  send(text: string) {
    this.sent.push(typeof text === 'string' ? JSON.parse(text) : text);
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
  up() {
    this.readyState = 1;
    this.onopen?.();
  }
}

let timers: { f: () => void; ms: number }[] = [];
const make = () =>
  new Live({
    open: () => new Socket() as unknown as WebSocket,
    later: (f, ms) => timers.push({ f, ms }),
    random: () => 0.5,
  });

beforeEach(() => {
  Socket.all = [];
  timers = [];
});

describe('the live connection', () => {
  it('subscribes and passes frames on by their type', () => {
    const live = make();
    const seen: unknown[] = [];
    live.on('TaskUpdate', (d) => seen.push(d));
    live.on('binary', () => seen.push('sound'));
    live.connect();
    Socket.all[0]!.up();
    expect(Socket.all[0]!.sent[0]).toMatchObject({
      type: 'Subscribe',
      data: { topics: expect.arrayContaining(['tasks', 'documents']) },
    });
    Socket.all[0]!.onmessage!({ data: '{"type":"TaskUpdate","data":{"change":"created"}}' });
    Socket.all[0]!.onmessage!({ data: new ArrayBuffer(2) });
    expect(seen).toEqual([{ change: 'created' }, 'sound']);
    expect(liveState.get()).toBe('open');
  });

  it('comes back, later each time, and says resync once it is there again', () => {
    const live = make();
    const said: string[] = [];
    for (const t of ['open', 'closed', 'resync']) live.on(t, () => said.push(t));
    live.connect();
    Socket.all[0]!.up();
    Socket.all[0]!.close();
    expect(liveState.get()).toBe('offline');
    const pauses = [];
    for (let i = 0; i < 7; i++) {
      pauses.push(timers[i]!.ms);
      timers[i]!.f();
      Socket.all[i + 1]!.close();
    }
    expect(pauses).toEqual([300, 600, 1200, 2400, 4800, 5000, 5000]);
    timers[7]!.f();
    Socket.all[8]!.up();
    expect(said.filter((s) => s !== 'closed')).toEqual(['open', 'open', 'resync']);
    Socket.all[8]!.close();
    expect(timers[8]!.ms).toBe(300);
  });

  it('does not pretend to have sent', () => {
    const live = make();
    expect(live.send('VoiceEnd', {})).toBe(false);
    live.connect();
    expect(live.send('VoiceEnd', {})).toBe(false);
    Socket.all[0]!.up();
    expect(live.send('VoiceEnd', {})).toBe(true);
  });

  it('opens one socket however often it is asked to', () => {
    const live = make();
    live.connect();
    live.connect();
    Socket.all[0]!.up();
    live.connect();
    expect(Socket.all.length).toBe(1);
  });
});
