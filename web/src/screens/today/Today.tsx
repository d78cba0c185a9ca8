// The briefing: what is due, what changed, what everybody writes about; each line with its reason
// and its source.
import { lazy, Suspense } from 'react';
import { send } from '../../api/client';
import type { Briefing, BriefingItem, BriefingSection, SystemInfo } from '../../api/types';
import { baseName, count, zoneName } from '../../state/format';
import { openDocument } from '../../state/reader';
import { useResource } from '../../state/resource';
import { href } from '../../state/route';
import { settingValue } from '../../state/settings';
import { useStore } from '../../state/store';
import { complain } from '../../state/toasts';
import { hush, speak, speaking } from '../../voice/voice';
import { AgainstBase } from '../../ui/charts';
import { Icon } from '../../ui/icons';
import { Button, Chip, Problem, Skeleton, Top } from '../../ui/kit';
import { TaskActs } from '../tasks/TaskActs';
import './today.css';

const Start = lazy(() => import('./Start'));
const TONES: Record<BriefingSection['priority'], string> = {
  Critical: 'red',
  High: 'blue',
  Medium: 'orange',
  Low: 'violet',
};

function Sources({ item }: { item: BriefingItem }) {
  const documents = item.sources.filter((s) => s.type === 'document');
  return (
    <>
      {documents.slice(0, 3).map((s) => (
        <button
          key={s.id}
          type="button"
          className="chip"
          title={s.source ?? s.title}
          onClick={() => openDocument({ id: s.id })}
        >
          <Icon name="file" size={14} />
          <span className="cut">{s.title || baseName(s.source ?? '')}</span>
        </button>
      ))}
      {item.sources
        .filter((s) => s.type === 'fact')
        .map((s) => (
          <a key={s.id} className="chip" title={s.title} href={href('memory', { fact: s.id })}>
            <Icon name="memory" size={14} />
            <span className="cut">{s.title}</span>
          </a>
        ))}
      {item.sources
        .filter((s) => s.type === 'event')
        .map((s) => (
          <a key={s.id} className="chip" title={s.title} href={href('tasks', { view: 'calendar' })}>
            <Icon name="calendar" size={14} />
            <span className="cut">{s.title}</span>
          </a>
        ))}
      {documents.length > 3 && <span className="small soft">and {documents.length - 3} more</span>}
    </>
  );
}

function Item({ item }: { item: BriefingItem }) {
  return (
    <li className="line" data-overdue={item.overdue ?? false}>
      <div className="grow stack-tight">
        <p className="line-text">{item.text}</p>
        <p className="small soft">{item.reason}</p>
        <div className="row wrap">
          <Sources item={item} />
        </div>
      </div>
      {item.source_type === 'task' && item.source_id && (
        <TaskActs id={item.source_id} title={item.text} />
      )}
    </li>
  );
}

const share = (n?: number, of?: number): number => (of ? (n ?? 0) / of : 0);

function Topic({ item }: { item: BriefingItem }) {
  const { recent = 0, recent_of = 0, before = 0, before_of = 0 } = item;
  const text = `this week in ${recent} of ${recent_of} documents, before in ${before} of ${before_of}`;
  const burst = share(recent, recent_of) / share(before + 1, before_of + 1); // as docs/BRIEFING.md
  return (
    <li className="topic">
      <div className="row">
        <h3 className="grow">{item.text}</h3>
        {Number.isFinite(burst) && <strong className="burst num">{burst.toFixed(1)}×</strong>}
      </div>
      <AgainstBase now={share(recent, recent_of)} before={share(before, before_of)} label={text} />
      <p className="small soft">{item.reason}</p>
      <div className="row wrap">
        <Sources item={item} />
      </div>
    </li>
  );
}

function Groups({ section }: { section: BriefingSection }) {
  return (
    <div className="stack">
      {section.groups!.map((g) => (
        <div key={g.name} className="group">
          <div className="row">
            <Icon name="folder" size={18} />
            <h3 className="grow cut" title={g.name}>
              {baseName(g.name)}
            </h3>
            <span className="small soft num nowrap">
              {[g.new && `${g.new} new`, g.changed && `${g.changed} changed`]
                .filter(Boolean)
                .join(', ')}
            </span>
          </div>
          <p className="soft">{g.summary}</p>
          <div className="row wrap">
            {section.items.slice(g.first_item, g.first_item + g.items).map((i) => (
              <button
                key={`${i.source_id}${i.text}`}
                type="button"
                className="chip"
                title={i.reason}
                onClick={() => i.source_id && openDocument({ id: i.source_id })}
              >
                <Icon name="file" size={14} />
                <span className="cut">{i.text}</span>
              </button>
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

function Section({ section }: { section: BriefingSection }) {
  const topics = section.title === 'Trending Topics';
  return (
    <section
      className={`card edge brief ${topics ? 'topics' : ''}`}
      data-priority={section.priority}
      aria-label={section.title}
    >
      <div className="row brief-head">
        <h2 className="grow">{section.title}</h2>
        <Chip tone={TONES[section.priority]}>{section.priority}</Chip>
      </div>
      <p className="soft">{section.lead ?? section.content}</p>
      {topics && section.items.length > 0 && (
        <p className="row small soft legend-row">
          <span className="legend row">
            <i style={{ background: 'var(--orange)' }} />
            share of this week’s documents
          </span>
          <span className="legend row">
            <i style={{ background: 'var(--soft)' }} />
            share before
          </span>
        </p>
      )}
      {section.groups?.length ? (
        <Groups section={section} />
      ) : topics ? (
        <ul className="topic-list">
          {section.items.map((i) => (
            <Topic key={i.text} item={i} />
          ))}
        </ul>
      ) : (
        <ul className="lines">
          {section.items.map((i) => (
            <Item key={`${i.source_id}${i.text}`} item={i} />
          ))}
        </ul>
      )}
      {section.more > 0 && <p className="small soft">and {section.more} more</p>}
    </section>
  );
}

function Listen() {
  const aloud = useStore(speaking, (s) => s === 'briefing');
  const tell = async () => {
    const text = await (await send('GET', '/api/v1/briefing/daily?format=speech')).text();
    await speak(text, 'briefing', Number(settingValue('speech_speed', '1')));
  };
  return aloud ? (
    <Button icon="stop" onClick={hush}>
      Stop
    </Button>
  ) : (
    <Button kind="primary" icon="play" onClick={() => tell().catch(complain)}>
      Listen
    </Button>
  );
}

export default function Today() {
  const { data, error, again } = useResource<Briefing>('/api/v1/briefing/daily');
  const system = useResource<SystemInfo>('/api/v1/system');
  const day = data ? new Date(`${data.date}T12:00:00`) : new Date();
  const checks = system.data?.checks.filter((c) => !c.ok) ?? [];
  const empty = system.data !== null && system.data.documents === 0;
  const full = data?.sections.filter((s) => s.items.length || s.groups?.length) ?? [];
  const quiet = data?.sections.filter((s) => !s.items.length && !s.groups?.length) ?? [];
  return (
    <div className="page today">
      <Top
        screen="today"
        title={
          <>
            {day.toLocaleDateString('en-GB', { weekday: 'long' })}
            <br />
            <span className="date-line">
              {day.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })}
            </span>
          </>
        }
        lead={data?.headline?.replace(/^[^:]*: /, '').replace(/^./, (c) => c.toUpperCase())}
      >
        <Listen />
        <a className="btn" href={href('talk')}>
          <Icon name="talk" />
          Ask something
        </a>
      </Top>
      {error && <Problem text={error} again={again} />}
      {!data && !error && <Skeleton lines={3} height={9} />}
      {system.data && (empty || checks.length > 0) && (
        <Suspense fallback={<Skeleton lines={1} height={16} />}>
          <Start info={system.data} empty={empty} />
        </Suspense>
      )}
      {data && !empty && (
        <div className="briefs">
          {full.map((s) => (
            <Section key={s.title} section={s} />
          ))}
          {quiet.length > 0 && (
            <section className="card edge brief quiet-sections" aria-label="Nothing to tell">
              {quiet.map((s) => (
                <div key={s.title}>
                  <h3>{s.title}</h3>
                  <p className="soft small">{s.lead ?? s.content}</p>
                </div>
              ))}
            </section>
          )}
        </div>
      )}
      {data && !empty && (
        <p className="small soft foot-note num">
          Made at{' '}
          {new Date(data.generated_at).toLocaleTimeString('en-GB', { timeZone: zoneName() })} from{' '}
          {count(
            full.reduce((n, s) => n + s.items.length, 0),
            'line',
          )}{' '}
          that each name their source.
        </p>
      )}
    </div>
  );
}
