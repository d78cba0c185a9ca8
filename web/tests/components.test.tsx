import { act, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Due } from '../src/ui/Due';
import { Guard } from '../src/ui/Guard';
import { Segments, ShareBar } from '../src/ui/kit';
import { LineChart } from '../src/ui/charts';
import { Marked } from '../src/ui/text';
import { due } from '../src/state/reminders';
import { TurnView } from '../src/screens/talk/TurnView';
import { MicButton } from '../src/screens/talk/MicButton';
import { Month } from '../src/screens/tasks/Month';
import { level, voice } from '../src/voice/voice';
import type { Task } from '../src/api/types';
import { said } from '../src/state/turns';

afterEach(() => vi.unstubAllGlobals());

describe('marked text', () => {
  it('marks the bytes and shows all of the text', () => {
    const { container } = render(
      <p>
        <Marked text="für 950 € im Monat" marks={[[5, 12]]} />
      </p>,
    );
    expect(container.querySelector('mark')!.textContent).toBe('950 €');
    expect(container.textContent).toBe('für 950 € im Monat');
  });
});

describe('an answer', () => {
  const document_ = {
    id: 'd',
    title: 'Lease',
    content: 'Ä. The rent is 950 €. More.',
    metadata: {},
  };
  beforeEach(() =>
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(document_), { status: 200 })),
  );
  const citation = {
    document_id: 'd',
    title: 'Lease',
    text: 'The rent is 950 €.',
    start: 4,
    end: 24,
    page: 1,
  };
  it('opens its source in place, marked at the exact bytes', async () => {
    render(
      <ol>
        <TurnView
          turn={{
            ...said('', ''),
            role: 'assistant',
            text: 'The rent is 950 €.',
            citations: [citation],
          }}
        />
      </ol>,
    );
    const chip = screen.getByRole('button', { name: /1 ?Lease/ });
    expect(chip.getAttribute('aria-expanded')).toBe('false');
    fireEvent.click(chip);
    const mark = await screen.findByText('The rent is 950 €.', { selector: 'mark' });
    expect(mark.closest('figure')!.textContent).toContain('bytes 4–24');
    fireEvent.click(chip);
    expect(screen.queryByText('The rent is 950 €.', { selector: 'mark' })).toBeNull();
  });
  it('whose document is gone says so and opens nothing', () => {
    render(
      <ol>
        <TurnView
          turn={{
            ...said('', ''),
            role: 'assistant',
            text: 'x',
            citations: [{ ...citation, gone: true }],
          }}
        />
      </ol>,
    );
    expect(screen.getByText('Lease (deleted)')).toBeTruthy();
    expect(screen.queryByRole('button', { name: /Lease/ })).toBeNull();
  });
  it('that failed can be asked again', () => {
    render(
      <ol>
        <TurnView
          turn={{ ...said('', ''), role: 'assistant', text: '', state: 'failed', note: 'too busy' }}
        />
      </ol>,
    );
    expect(screen.getByRole('alert').textContent).toContain('too busy');
    expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  });
});

describe('a reminder', () => {
  it('stays until it is dealt with, and is dealt with once', async () => {
    const asked = vi.fn(
      async (_path: string, _init?: RequestInit) => new Response('{}', { status: 200 }),
    );
    vi.stubGlobal('fetch', asked);
    due.set([
      {
        reminder: { id: 'r', late_seconds: 0, at: new Date().toISOString() },
        task: { id: 't', title: 'Call the bank', kind: 'reminder', status: 'open' },
      } as never,
    ]);
    render(<Due />);
    await act(async () => {
      fireEvent.click(screen.getByRole('button', { name: 'Done' }));
    });
    expect(asked.mock.calls[0]![0]).toBe('/api/v1/tasks/t/complete');
    expect(screen.queryByText('Call the bank')).toBeNull();
  });
});

describe('the microphone', () => {
  it('shows its own level as a meter, and has a name in every state', () => {
    render(<MicButton />);
    expect(screen.getByRole('button', { name: 'Speak: hold, or tap' })).toBeTruthy();
    act(() => {
      voice.set({ state: 'hearing', problem: null });
      level.set(0.5);
    });
    expect(screen.getByRole('meter').getAttribute('aria-valuenow')).toBe('50');
    expect(document.querySelectorAll('.mic-meter i[data-on="true"]').length).toBe(6);
    act(() => voice.set({ state: 'idle', problem: null }));
    expect(screen.queryByRole('meter')).toBeNull();
  });
});

describe('a month', () => {
  it('puts a whole day on its day and opens a task', () => {
    vi.stubGlobal('fetch', async () => new Response('{"events":[]}', { status: 200 }));
    const now = new Date();
    const iso = `${now.getFullYear()}-${String(now.getMonth() + 1).padStart(2, '0')}-15T00:00:00+09:00`;
    const open = vi.fn();
    render(
      <Month
        tasks={[
          {
            id: 'x',
            title: 'Pay',
            due_at: iso,
            due_timed: false,
            status: 'open',
            overdue: false,
          } as Task,
        ]}
        open={open}
      />,
    );
    const button = screen.getByRole('button', { name: 'Pay' });
    expect(button.closest('li')!.querySelector('time')!.getAttribute('dateTime')).toMatch(/-15$/);
    fireEvent.click(button);
    expect(open).toHaveBeenCalledOnce();
  });
});

describe('small parts', () => {
  it('tell what is chosen', () => {
    const on = vi.fn();
    render(
      <Segments
        label="View"
        value="a"
        options={
          [
            ['a', 'A'],
            ['b', 'B'],
          ] as const
        }
        onChange={on}
      />,
    );
    expect(screen.getByRole('button', { name: 'A' }).getAttribute('aria-pressed')).toBe('true');
    fireEvent.click(screen.getByRole('button', { name: 'B' }));
    expect(on).toHaveBeenCalledWith('b');
  });
  it('say their figures to who does not see them', () => {
    render(
      <>
        <ShareBar label="Files" parts={[{ name: 'indexed', value: 3, colour: 'red' }]} />
        <LineChart label="p50 2 ms" series={[{ colour: 'red', values: [1, null, 2] }]} />
      </>,
    );
    expect(screen.getByRole('img', { name: 'Files: 3 indexed' })).toBeTruthy();
    expect(screen.getByRole('img', { name: 'p50 2 ms' })).toBeTruthy();
  });
});

describe('a screen that cannot be drawn', () => {
  it('says so, leaves the rest alone, and can be tried again', () => {
    const quiet = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    let broken = true;
    const Screen = () => {
      if (broken) throw new Error('no scopes');
      return <p>drawn</p>;
    };
    render(
      <>
        <p>the rest</p>
        <Guard>
          <Screen />
        </Guard>
      </>,
    );
    expect(screen.getByRole('alert').textContent).toContain('no scopes');
    expect(screen.getByText('the rest')).toBeTruthy();
    broken = false;
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    expect(screen.getByText('drawn')).toBeTruthy();
    quiet.mockRestore();
  });
});
