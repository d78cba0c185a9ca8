// The machine room: measured latencies, memory, models, queue, storage, and what went to the network.
import { useEffect, useState } from 'react';
import type { SystemInfo } from '../../api/types';
import { bytesText, count, secondsText } from '../../state/format';
import { look, machine, type Track } from '../../state/machine';
import { useResource } from '../../state/resource';
import { route, tune } from '../../state/route';
import { useStore } from '../../state/store';
import { LineChart } from '../../ui/charts';
import { Chip, Problem, Segments, ShareBar, Skeleton, Top } from '../../ui/kit';
import { Checks } from '../today/Start';
import { Backup } from './Backup';
import { Settings } from './Settings';
import { Tokens } from './Tokens';
import './system.css';

function Latency({ track }: { track: Track }) {
  const { p50, p95 } = track.all;
  const words =
    p50 === null
      ? 'not measured yet'
      : `median ${secondsText(p50)}, 95th percentile ${secondsText(p95 ?? p50)}, ${count(track.count, 'time')}`;
  return (
    <section className="card stack latency" aria-label={track.title}>
      <div className="row">
        <h2 className="grow small-title">{track.title}</h2>
        <span className="small soft num">{count(track.count, 'time')}</span>
      </div>
      <div className="row figures num">
        <p>
          <strong>{p50 === null ? '–' : secondsText(p50)}</strong>
          <span className="small soft">
            <i style={{ background: 'var(--blue)' }} />
            p50
          </span>
        </p>
        <p>
          <strong>{p95 === null ? '–' : secondsText(p95)}</strong>
          <span className="small soft">
            <i style={{ background: 'var(--orange)' }} />
            p95
          </span>
        </p>
      </div>
      <LineChart
        label={`${track.title}: ${words}`}
        series={[
          { colour: 'var(--orange)', values: track.p95 },
          { colour: 'var(--blue)', values: track.p50 },
        ]}
      />
    </section>
  );
}

function Big({
  value,
  unit,
  text,
  tone,
}: {
  value: string;
  unit?: string;
  text: string;
  tone?: string;
}) {
  return (
    <div className={`card big ${tone ?? ''}`}>
      <p className="big-value num">
        {value}
        {unit && <small> {unit}</small>}
      </p>
      <p className="small">{text}</p>
    </div>
  );
}

function split(bytes: number): [string, string] {
  const [value = '', unit = ''] = bytesText(bytes).split(' ');
  return [value, unit];
}

function Overview({ info }: { info: SystemInfo }) {
  const m = useStore(machine);
  const [memory, memoryUnit] = split(m.memory ?? info.memory.resident_bytes);
  const queue = info.queue.interactive + info.queue.normal + info.queue.bulk + info.queue.files;
  const sent = m.network;
  return (
    <>
      <div className="bigs">
        <Big
          tone="green"
          value={sent === null ? '–' : sent.toLocaleString('en')}
          text={
            sent === null
              ? 'bytes sent to the network: this build does not count them'
              : 'bytes sent to the network'
          }
        />
        <Big value={memory} unit={memoryUnit} text="of memory" />
        <Big value={String(queue)} text={queue === 1 ? 'job waits' : 'jobs wait'} />
        <Big
          value={split(info.storage.database_bytes)[0]}
          unit={split(info.storage.database_bytes)[1]}
          text={`of data, ${bytesText(info.storage.free_bytes)} free on its disk`}
        />
      </div>
      <div className="latencies">
        {m.tracks.map((t) => (
          <Latency key={t.title} track={t} />
        ))}
      </div>
      <div className="two">
        <section className="card stack" aria-label="Models">
          <h2>Models</h2>
          <ul className="lines">
            {info.models.map((x) => (
              <li key={x.name} className="line">
                <div className="grow">
                  <p className="line-text">{x.name}</p>
                  <p className="small soft">{x.does}</p>
                </div>
                <span className="small soft num nowrap">{x.there ? bytesText(x.bytes) : ''}</span>
                <Chip tone={x.loaded ? 'green' : x.there ? 'blue' : ''}>
                  {x.loaded ? 'in memory' : x.there ? 'ready' : 'not there'}
                </Chip>
              </li>
            ))}
          </ul>
        </section>
        <section className="card stack" aria-label="Storage">
          <h2>Storage</h2>
          <p className="small soft cut" title={info.storage.folder}>
            {info.storage.folder}
          </p>
          <ShareBar
            label="Disk in mebibytes"
            parts={[
              {
                name: 'MiB data',
                value: Math.round((info.storage.database_bytes / 1048576) * 10) / 10,
                colour: 'var(--blue)',
              },
              {
                name: 'MiB caches',
                value: Math.round((info.storage.cache_bytes / 1048576) * 10) / 10,
                colour: 'var(--violet)',
              },
            ]}
          />
          <dl className="facts small">
            <dt>Version</dt>
            <dd className="num">{info.version}</dd>
            <dt>Since</dt>
            <dd className="num">{new Date(info.started_at).toLocaleString('en-GB')}</dd>
            <dt>Processor</dt>
            <dd>
              {info.processor.threads} threads, {info.processor.instructions}
            </dd>
            <dt>Queue</dt>
            <dd className="num">
              {info.queue.interactive} for people, {info.queue.normal} ordinary, {info.queue.bulk}{' '}
              in bulk, {info.queue.files} files
            </dd>
          </dl>
          <Backup />
        </section>
      </div>
      <section className="card stack" aria-label="Checks">
        <h2>Checks</h2>
        <Checks info={info} all />
      </section>
    </>
  );
}

export default function System() {
  const { params } = useStore(route);
  const view =
    params.view === 'settings' ? 'settings' : params.view === 'access' ? 'access' : 'overview';
  const { data, error, again } = useResource<SystemInfo>('/api/v1/system');
  const [, tick] = useState(0);
  useEffect(() => {
    let on = true;
    const turn = () => {
      if (on && !document.hidden)
        void look()
          .then(() => tick((n) => n + 1))
          .catch(() => undefined);
    };
    turn();
    const fast = setInterval(turn, 2000);
    const slow = setInterval(again, 6000);
    return () => {
      on = false;
      clearInterval(fast);
      clearInterval(slow);
    };
  }, []);
  return (
    <div className="page system">
      <Top
        screen="system"
        title="System"
        lead="Every number here is measured, on this machine, now."
      >
        <Segments
          label="View"
          value={view}
          options={
            [
              ['overview', 'Overview'],
              ['settings', 'Settings'],
              ['access', 'Access'],
            ] as const
          }
          onChange={(v) => tune({ view: v === 'overview' ? null : v })}
        />
      </Top>
      {error && <Problem text={error} again={again} />}
      {!data && !error && <Skeleton lines={3} height={8} />}
      {data && view === 'overview' && <Overview info={data} />}
      {view === 'settings' && <Settings />}
      {data && view === 'access' && <Tokens there={data.features.includes('tokens')} />}
    </div>
  );
}
