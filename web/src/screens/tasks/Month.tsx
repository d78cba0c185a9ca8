// A month of tasks and events, moved by its arrows; a day's tasks open like anywhere.
import { useState } from 'react';
import { query } from '../../api/client';
import type { CalendarEvent, Task } from '../../api/types';
import { addDays, clockText, dateOf, dayKey, wallNow, zoneName } from '../../state/format';
import { useResource } from '../../state/resource';
import { IconButton } from '../../ui/kit';

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const SHOWN = 3;

/** The Monday on or before the first of the month, and the days of the six weeks from it. */
export function monthDays(year: number, month: number): Date[] {
  const first = new Date(year, month, 1);
  const monday = addDays(first, -((first.getDay() + 6) % 7));
  const all = Array.from({ length: 42 }, (_, i) => addDays(monday, i));
  return all[35]!.getMonth() === first.getMonth() ? all : all.slice(0, 35);
}

export function Month({ tasks, open }: { tasks: Task[]; open: (t: Task) => void }) {
  const today = wallNow();
  const [at, setAt] = useState(new Date(today.getFullYear(), today.getMonth(), 1));
  const days = monthDays(at.getFullYear(), at.getMonth());
  const { data } = useResource<{ events: CalendarEvent[] }>(
    `/api/v1/calendar/events${query({
      from: dayKey(days[0]!),
      days: days.length,
      tz: zoneName(),
    })}`,
  );
  const events = new Map<string, CalendarEvent[]>();
  for (const e of data?.events ?? []) {
    const key = dayKey(dateOf(e.start, !e.all_day));
    events.set(key, [...(events.get(key) ?? []), e]);
  }
  const byDay = new Map<string, Task[]>();
  for (const t of tasks) {
    if (!t.due_at || t.status === 'cancelled') continue;
    const key = dayKey(dateOf(t.due_at, t.due_timed));
    byDay.set(key, [...(byDay.get(key) ?? []), t]);
  }
  const step = (n: number) => setAt(new Date(at.getFullYear(), at.getMonth() + n, 1));
  return (
    <section className="card stack month" aria-label="Calendar">
      <div className="row">
        <h2 className="grow" aria-live="polite">
          {at.toLocaleDateString('en-GB', { month: 'long', year: 'numeric' })}
        </h2>
        <IconButton slim icon="left" label="Month before" onClick={() => step(-1)} />
        <IconButton slim icon="right" label="Month after" onClick={() => step(1)} />
      </div>
      <div className="month-grid month-head" aria-hidden="true">
        {DAYS.map((d) => (
          <span key={d} className="small soft">
            {d}
          </span>
        ))}
      </div>
      <ol className="month-grid">
        {days.map((d) => {
          const list = byDay.get(dayKey(d)) ?? [];
          const on = events.get(dayKey(d)) ?? [];
          const room = Math.max(1, SHOWN - on.length);
          return (
            <li
              key={dayKey(d)}
              className="month-day"
              data-other={d.getMonth() !== at.getMonth()}
              data-today={dayKey(d) === dayKey(today)}
            >
              <time dateTime={dayKey(d)} className="num small">
                <span className="sr">
                  {d.toLocaleDateString('en-GB', { weekday: 'long', month: 'long' })}{' '}
                </span>
                {d.getDate()}
              </time>
              {on.slice(0, SHOWN - 1).map((e) => (
                <span key={e.id + e.start} className="month-task event" title={e.title}>
                  {!e.all_day && <span className="num">{clockText(dateOf(e.start, true))} </span>}
                  <span className="month-title">{e.title}</span>
                </span>
              ))}
              {list.slice(0, room).map((t) => (
                <button
                  key={t.id}
                  type="button"
                  className="month-task"
                  data-status={t.status}
                  data-overdue={t.overdue}
                  onClick={() => open(t)}
                  title={t.title}
                >
                  {t.due_timed && (
                    <span className="num">{clockText(dateOf(t.due_at!, true))} </span>
                  )}
                  <span className="month-title">{t.title || t.kind}</span>
                </button>
              ))}
              {list.length > room && <span className="small soft">+{list.length - room}</span>}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
