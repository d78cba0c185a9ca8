import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventReader, query } from '../src/api/client';
import { addDue } from '../src/state/reminders';
import { dateOf, dayText, whenText } from '../src/state/format';
import { href, readRoute } from '../src/state/route';
import { ordinal, why } from '../src/state/search';
import { offer, sum, uploads, clearUploads, type Answer } from '../src/state/uploads';
import { deleteLater, GRACE_MS, hidden } from '../src/state/undo';
import { toasts } from '../src/state/toasts';
import { monthDays } from '../src/screens/tasks/Month';
import { meter } from '../src/voice/mic';

describe('server-sent events', () => {
  it('are whole however they are cut', () => {
    const text =
      'event: delta\ndata: {"text":"a"}\n\nevent: done\r\ndata: {"x":1}\r\n\r\n: note\n\n';
    for (let cut = 0; cut <= text.length; cut++) {
      const r = new EventReader();
      const all = [...r.push(text.slice(0, cut)), ...r.push(text.slice(cut))];
      if (text[cut - 1] === '\r') continue; // a line's end of two characters came apart
      expect(all).toEqual([
        { event: 'delta', data: '{"text":"a"}' },
        { event: 'done', data: '{"x":1}' },
      ]);
    }
  });
});

describe('addresses', () => {
  it('go there and back', () => {
    const at = href('library', { tag: 'a&b', type: '', q: 'ü' });
    expect(readRoute(at)).toEqual({ screen: 'library', params: { tag: 'a&b', q: 'ü' } });
    expect(readRoute('#/nowhere').screen).toBe('today');
  });
  it('leave out what was not given', () => {
    expect(query({ a: 1, b: null, c: '', d: ['x', 'y'] })).toBe('?a=1&d=x&d=y');
  });
});

describe('days', () => {
  const now = new Date(2026, 10, 23, 22, 0);
  it('of a whole day are that day in any zone', () => {
    expect(dayText(dateOf('2026-11-24T00:00:00+14:00', false), now)).toBe('tomorrow');
    expect(dayText(dateOf('2026-11-23T00:00:00-11:00', false), now)).toBe('today');
    expect(whenText('2026-11-27', false, now)).toBe('Friday');
  });
  it('make a calendar of whole weeks that begin on Monday', () => {
    for (let m = 0; m < 24; m++) {
      const days = monthDays(2026, m);
      expect(days[0]!.getDay()).toBe(1);
      expect(days.length % 7).toBe(0);
      const inside = days.filter((d) => d.getMonth() === m % 12).length;
      expect(inside).toBe(new Date(2026, m + 1, 0).getDate());
    }
  });
});

describe('why a passage is there', () => {
  it('is said in words', () => {
    expect(
      why({
        chunk_id: 'x',
        text: '',
        start: 0,
        end: 1,
        page: 3,
        similarity: 0.512,
        keyword_rank: 2,
        vector_rank: null,
        fused_score: 1,
      }),
    ).toEqual(['your words, 2nd of all', 'similarity 0.51', 'page 3']);
    expect([1, 2, 3, 4, 11, 12, 21, 112].map(ordinal)).toEqual([
      '1st',
      '2nd',
      '3rd',
      '4th',
      '11th',
      '12th',
      '21st',
      '112th',
    ]);
  });
});

describe('reminders', () => {
  it('are listed once', () => {
    const d = { reminder: { id: 'r' }, task: { id: 't' } } as never;
    expect(addDue(addDue([], d), d).length).toBe(1);
  });
});

describe('uploads', () => {
  afterEach(clearUploads);
  it('are three at a time, and each ends with its own outcome', async () => {
    let running = 0;
    let most = 0;
    const answers: Answer[] = [
      { status: 201, body: { chunks: 4, id: 'a' } },
      { status: 200, body: {} },
      { status: 415, body: { detail: 'no reader' } },
    ];
    offer(
      Array.from({ length: 8 }, (_, i) => ({
        file: new File(['x'.repeat(i + 1)], `f${i}`),
        source: null,
      })),
      async ({ file }, progress) => {
        most = Math.max(most, ++running);
        progress(file.size);
        await new Promise((r) => setTimeout(r, 2));
        running--;
        if (file.name === 'f7') throw new Error('network');
        return answers[Number(file.name.slice(1)) % 3]!;
      },
    );
    await vi.waitFor(() => expect(uploads.get().ended).not.toBeNull());
    const s = sum(uploads.get(), Date.now());
    expect(most).toBe(3);
    expect(s).toMatchObject({ total: 8, done: 8, added: 3, known: 2, refused: 3, share: 1 });
    expect(uploads.get().uploads[2]!.note).toBe('no reader');
    expect(uploads.get().uploads[7]!.note).toContain('connection');
  });
});

describe('deleting', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    hidden.set(new Set());
    toasts.set([]);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  it('happens when the time to undo is over', async () => {
    const asked = vi.fn(async () => new Response(null, { status: 204 }));
    vi.stubGlobal('fetch', asked);
    deleteLater('a', '/x/a', 'A', () => undefined);
    expect(hidden.get().has('a')).toBe(true);
    await vi.advanceTimersByTimeAsync(GRACE_MS - 1);
    expect(asked).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(2);
    expect(asked).toHaveBeenCalledOnce();
    expect(hidden.get().has('a')).toBe(true);
  });
  it('does not happen when it is undone', async () => {
    const asked = vi.fn();
    vi.stubGlobal('fetch', asked);
    deleteLater('b', '/x/b', 'B', () => undefined);
    toasts.get()[0]!.action!.run();
    await vi.advanceTimersByTimeAsync(GRACE_MS * 2);
    expect(asked).not.toHaveBeenCalled();
    expect(hidden.get().has('b')).toBe(false);
  });
  it('brings it back when the server refuses', async () => {
    vi.stubGlobal('fetch', async () => new Response(null, { status: 500 }));
    deleteLater('c', '/x/c', 'C', () => undefined);
    await vi.advanceTimersByTimeAsync(GRACE_MS + 1);
    expect(hidden.get().has('c')).toBe(false);
  });
});

describe('the level of the microphone', () => {
  it('is silence at nothing, full near the top, and grows in between', () => {
    expect(meter(0)).toBe(0);
    expect(meter(0.0001)).toBe(0);
    expect(meter(0.9)).toBe(1);
    expect(meter(0.02)).toBeGreaterThan(meter(0.01));
  });
});
