// Tasks: a sentence adds one, with what was understood while one types; a list and a calendar.
import { useEffect, useState } from 'react';
import { get, post, query } from '../../api/client';
import type { CalendarEvent, Proposal, Task, TaskList } from '../../api/types';
import {
  count,
  dateOf,
  dayText,
  startOfDay,
  wallNow,
  whenText,
  zoneName,
} from '../../state/format';
import { openDocument } from '../../state/reader';
import { invalidate, useResource } from '../../state/resource';
import { route, tune } from '../../state/route';
import { useStore } from '../../state/store';
import { toast, tried } from '../../state/toasts';
import { Icon } from '../../ui/icons';
import { Button, Chip, IconButton, Problem, Segments, Skeleton, Top } from '../../ui/kit';
import { add, reopen } from './acts';
import { Month } from './Month';
import { TaskActs } from './TaskActs';
import { TaskForm } from './TaskForm';
import './tasks.css';

interface Preview {
  task: Task | null;
  problem: string | null;
}

/** What a sentence means, asked while it is written; nothing is kept. */
function usePreview(text: string): Preview {
  const [seen, setSeen] = useState<Preview>({ task: null, problem: null });
  useEffect(() => {
    if (!text.trim()) {
      setSeen({ task: null, problem: null });
      return undefined;
    }
    const abort = new AbortController();
    get<{ task: Task | null; problem: string | null }>(
      `/api/v1/tasks/preview${query({ text })}`,
      abort.signal,
    )
      .then((p) => setSeen(p))
      .catch(() => undefined);
    return () => abort.abort();
  }, [text]);
  return seen;
}

function QuickAdd() {
  const [text, setText] = useState('');
  const { task, problem } = usePreview(text);
  return (
    <form
      className="card quick"
      onSubmit={(e) => {
        e.preventDefault();
        if (text.trim())
          void add(text).then((ok) => {
            if (ok) setText('');
          });
      }}
    >
      <div className="row">
        <label className="sr" htmlFor="quick">
          New task, as a sentence
        </label>
        <input
          id="quick"
          className="field"
          autoComplete="off"
          value={text}
          maxLength={1000}
          placeholder="Call the bank tomorrow at nine, high priority #money"
          onChange={(e) => setText(e.target.value)}
        />
        <Button type="submit" kind="primary" icon="plus" disabled={!text.trim()}>
          Add
        </Button>
      </div>
      <div className="row wrap understood" aria-live="polite">
        {!text.trim() && (
          <span className="small soft">
            A sentence is enough: when, how often, how urgent, #tags, “remind me an hour before”.
          </span>
        )}
        {text.trim() && task && (
          <>
            <strong className="cut">{task.title || task.kind}</strong>
            <Chip tone="blue" icon="calendar">
              {task.due_at ? (task.when ?? whenText(task.due_at, task.due_timed)) : 'no date'}
            </Chip>
            {task.kind !== 'task' && <Chip>{task.kind}</Chip>}
            {task.rrule && (
              <Chip tone="violet" icon="undo">
                repeats
              </Chip>
            )}
            {task.priority !== 'normal' && <Chip tone="red">{task.priority}</Chip>}
            {task.remind_at && (
              <Chip tone="orange" icon="bell">
                {whenText(task.remind_at, true)}
              </Chip>
            )}
            {task.tags.map((t) => (
              <Chip key={t} icon="tag">
                {t}
              </Chip>
            ))}
          </>
        )}
        {text.trim() && problem && <span className="small">{problem}</span>}
      </div>
    </form>
  );
}

function Row({ task, edit }: { task: Task; edit: (t: Task) => void }) {
  const open = task.status === 'open';
  return (
    <li className="task" data-overdue={task.overdue} data-status={task.status}>
      <i className="task-mark" data-priority={task.priority} aria-hidden="true" />
      <button type="button" className="task-open grow" onClick={() => edit(task)}>
        <span className="task-title">{task.title || task.kind}</span>
        <span className="row wrap small soft num">
          {task.due_at && (
            <span className={task.overdue ? 'late' : ''}>
              {task.overdue ? 'overdue: ' : ''}
              {task.when ?? whenText(task.due_at, task.due_timed)}
            </span>
          )}
          {task.rrule && !task.when?.includes('every') && <span>repeats</span>}
          {task.snoozed_until && <span>snoozed to {whenText(task.snoozed_until, true)}</span>}
          {task.kind !== 'task' && <span>{task.kind}</span>}
          {task.priority !== 'normal' && <span>{task.priority}</span>}
          {task.tags.map((t) => (
            <span key={t}>#{t}</span>
          ))}
        </span>
      </button>
      {open ? (
        <TaskActs id={task.id} title={task.title} edit={() => edit(task)} />
      ) : (
        <IconButton
          slim
          icon="undo"
          label={`Reopen ${task.title}`}
          onClick={() => void reopen(task.id, task.title)}
        />
      )}
    </li>
  );
}

function groups(tasks: Task[], now: Date): [string, Task[]][] {
  const out = new Map<string, Task[]>();
  const end = startOfDay(now).getTime() + 8 * 86400000;
  for (const t of tasks) {
    const name = t.overdue
      ? 'Overdue'
      : !t.due_at
        ? 'Some time'
        : dateOf(t.due_at, t.due_timed).getTime() < end
          ? dayText(dateOf(t.due_at, t.due_timed), now)
          : 'Later';
    out.set(name, [...(out.get(name) ?? []), t]);
  }
  return [...out];
}

/** Below a day's name its date, or how many there are. */
function under(name: string, list: Task[]): string {
  const first = list[0]!;
  if (name === 'Overdue' || name === 'Later' || !first.due_at) return count(list.length, 'thing');
  const at = dateOf(first.due_at, first.due_timed);
  if (/^\d/.test(name)) return at.toLocaleDateString('en-GB', { weekday: 'long' });
  return at.toLocaleDateString('en-GB', {
    weekday: name === 'today' || name === 'tomorrow' ? 'short' : undefined,
    day: 'numeric',
    month: 'short',
  });
}

function Proposals() {
  const { data } = useResource<{ proposals: Proposal[]; total: number }>(
    '/api/v1/tasks/proposals?limit=50',
  );
  const [all, setAll] = useState(false);
  if (!data?.total) return null;
  const decide = (p: Proposal, how: 'take' | 'dismiss') =>
    void tried(async () => {
      await post(`/api/v1/tasks/proposals/${p.id}/${how}`);
      invalidate('/api/v1/tasks');
      if (how === 'take') toast(`“${p.title}” is a task now`);
    });
  return (
    <section className="card stack" aria-label="From your documents">
      <h2>Your documents ask for {count(data.total, 'thing')}</h2>
      <ul className="lines">
        {data.proposals.slice(0, all ? undefined : 4).map((p) => (
          <li key={p.id} className="line proposal">
            <div className="grow stack-tight">
              <p className="line-text">{p.title}</p>
              <p className="small soft num">
                {whenText(p.due_at, p.due_timed)} · {p.kind}
              </p>
              <div className="row proposal-acts">
                <Button slim icon="plus" onClick={() => decide(p, 'take')}>
                  Take
                </Button>
                <button
                  type="button"
                  className="chip"
                  title={p.document_title}
                  onClick={() => openDocument({ id: p.document_id, from: p.start, to: p.end })}
                >
                  <Icon name="file" size={14} />
                  <span className="cut">{p.document_title}</span>
                </button>
                <span className="grow" />
                <IconButton
                  slim
                  icon="close"
                  label={`Dismiss ${p.title}`}
                  onClick={() => decide(p, 'dismiss')}
                />
              </div>
            </div>
          </li>
        ))}
      </ul>
      {data.total > 4 && (
        <Button slim onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${data.total}`}
        </Button>
      )}
    </section>
  );
}

function Feed() {
  const address = `${location.origin}/api/v1/calendar.ics`;
  return (
    <section className="card stack" aria-label="Calendar feed">
      <h2>In your calendar</h2>
      <p className="soft small">
        Give this address to a calendar program: it then shows tasks and events, and keeps them up
        to date.
      </p>
      <div className="row">
        <input
          className="field num"
          readOnly
          value={address}
          aria-label="Address of the feed"
          onFocus={(e) => e.target.select()}
        />
        <Button
          icon="copy"
          aria-label="Copy the address"
          onClick={() =>
            void navigator.clipboard.writeText(address).then(
              () => toast('The address is copied'),
              () => toast('Select it and press Ctrl C'),
            )
          }
        />
      </div>
    </section>
  );
}

function Agenda({ day }: { day: Date }) {
  const from = `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
  const { data } = useResource<{ events: CalendarEvent[] }>(
    `/api/v1/calendar/events${query({ from, days: 7, tz: zoneName() })}`,
  );
  if (!data?.events.length) return null;
  return (
    <section className="card stack" aria-label="The week">
      <h2>In the calendar</h2>
      <ul className="lines">
        {data.events.slice(0, 8).map((e) => (
          <li key={e.id + (e.occurrence ?? '')} className="line">
            <div className="grow">
              <p className="line-text">{e.title}</p>
              <p className="small soft num">
                {whenText(e.start, !e.all_day)}
                {e.location ? ` · ${e.location}` : ''} · {e.calendar}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export default function Tasks() {
  const { params } = useStore(route);
  const view = params.view === 'calendar' ? 'calendar' : params.view === 'done' ? 'done' : 'list';
  const [editing, setEditing] = useState<Task | null>(null);
  const status = view === 'done' ? 'done' : view === 'calendar' ? 'all' : 'open';
  const path = `/api/v1/tasks${query({ status, limit: 200, sort: view === 'done' ? '-updated_at' : 'due_at' })}`;
  const { data, error, again } = useResource<TaskList>(path);
  const now = wallNow();
  const tasks = data?.tasks ?? [];
  return (
    <div className="page">
      <Top
        screen="tasks"
        title="Tasks"
        lead={
          data
            ? view === 'done'
              ? `${count(data.total, 'thing')} done.`
              : `${count(tasks.filter((t) => t.status === 'open').length, 'thing')} to do, ${tasks.filter((t) => t.overdue).length} past their time.`
            : ' '
        }
      >
        <Segments
          label="View"
          value={view}
          options={
            [
              ['list', 'List'],
              ['calendar', 'Calendar'],
              ['done', 'Done'],
            ] as const
          }
          onChange={(v) => tune({ view: v === 'list' ? null : v })}
        />
      </Top>
      <QuickAdd />
      {error && <Problem text={error} again={again} />}
      <div className="tasks-grid">
        <div className="stack">
          {!data && !error && <Skeleton lines={4} />}
          {data && view === 'calendar' && <Month tasks={tasks} open={setEditing} />}
          {data && view === 'list' && tasks.length > 0 && (
            <div className="card agenda">
              {groups(tasks, now).map(([name, list]) => (
                <section key={name} className="day" aria-label={name}>
                  <div className="day-head">
                    <h2 className={name === 'Overdue' ? 'late' : ''}>
                      {name.replace(/^./, (c) => c.toUpperCase())}
                    </h2>
                    <p className="small soft num">{under(name, list)}</p>
                  </div>
                  <ul>
                    {list.map((t) => (
                      <Row key={t.id} task={t} edit={setEditing} />
                    ))}
                  </ul>
                </section>
              ))}
            </div>
          )}
          {data && view === 'done' && tasks.length > 0 && (
            <section className="card done-list">
              <ul>
                {tasks.map((t) => (
                  <Row key={t.id} task={t} edit={setEditing} />
                ))}
              </ul>
            </section>
          )}
          {data && !tasks.length && view !== 'calendar' && (
            <section className="card empty">
              <h2>{view === 'done' ? 'Nothing was done yet.' : 'Nothing to do.'}</h2>
              <p>
                {view === 'done'
                  ? 'What you complete stands here, and can be opened again.'
                  : 'Write a sentence above, say it in the conversation, or take what your documents ask for.'}
              </p>
            </section>
          )}
        </div>
        <aside className="stack">
          <Proposals />
          <Agenda day={now} />
          <Feed />
        </aside>
      </div>
      {editing && <TaskForm task={editing} close={() => setEditing(null)} />}
    </div>
  );
}
