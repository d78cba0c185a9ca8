// The ledger: every file ever offered, what became of it and why, and the share that is covered.
import { useState } from 'react';
import { post, query } from '../../api/client';
import type { Coverage, Ledger, LedgerState } from '../../api/types';
import { agoText, baseName, bytesText, count, typeText } from '../../state/format';
import { openDocument } from '../../state/reader';
import { invalidate, useResource } from '../../state/resource';
import { toast, tried } from '../../state/toasts';
import { Button, Chip, Problem, Segments, ShareBar, Skeleton } from '../../ui/kit';

const COLOURS: Record<LedgerState, string> = {
  indexed: 'var(--green)',
  duplicate: 'var(--violet)',
  pending: 'var(--blue)',
  refused: 'var(--orange)',
  failed: 'var(--red)',
  deleted: 'var(--soft)',
};
const TONES: Record<LedgerState, string> = {
  indexed: 'green',
  duplicate: 'violet',
  pending: 'blue',
  refused: 'orange',
  failed: 'red',
  deleted: '',
};
const STATES: LedgerState[] = ['indexed', 'duplicate', 'pending', 'refused', 'failed', 'deleted'];

/** The ledger tells uploads apart by name and content; a person by their name. */
const named = (source: string): string => source.replace(/(:[^:/]*)?#[0-9a-f]{8,}$/, '');

/** Folders with more than one file; where there is none, the kinds of files. */
function places(c: Coverage): { folder: string; name: string; covered: number; share: string }[] {
  const of = (x: { counts: Coverage['counts']; total: number }) =>
    `${x.counts.indexed + x.counts.duplicate} of ${x.total}`;
  const folders = c.folders.filter((f) => f.total > 1);
  if (folders.length > 1)
    return folders.slice(0, 9).map((f) => ({
      folder: f.folder,
      name: baseName(named(f.folder)) || f.folder,
      covered: f.covered,
      share: of(f),
    }));
  return c.types.slice(0, 9).map((t) => ({
    folder: t.type,
    name: typeText(t.type),
    covered: t.covered,
    share: of(t),
  }));
}

function Share({ c }: { c: Coverage }) {
  return (
    <section className="card stack" aria-label="Coverage">
      <div className="row wrap">
        <p className="covered num">
          {Math.round(c.covered * 1000) / 10}
          <small>%</small>
        </p>
        <p className="soft cover-text">
          of what was ever offered ({count(c.total, 'file')}) can be found. Nothing is left out in
          silence: what is not covered stands below, with its reason.
        </p>
      </div>
      <ShareBar
        label="Files"
        parts={STATES.map((s) => ({ name: s, value: c.counts[s], colour: COLOURS[s] }))}
      />
      <div className="cover-grid">
        {places(c).map((f) => (
          <div key={f.folder} className="cover-row">
            <span className="cut" title={f.folder}>
              {f.name}
            </span>
            <span className="bar">
              <i style={{ width: `${f.covered * 100}%`, background: 'var(--green)' }} />
            </span>
            <span className="small soft num">{f.share}</span>
          </div>
        ))}
      </div>
    </section>
  );
}

export function LedgerView() {
  const [state, setState] = useState<LedgerState | 'all'>('all');
  const [q, setQ] = useState('');
  const cover = useResource<Coverage>('/api/v1/knowledge/ledger/coverage');
  const { data, error, again } = useResource<Ledger>(
    `/api/v1/knowledge/ledger${query({ state: state === 'all' ? '' : state, q, limit: 200 })}`,
  );
  const retry = () =>
    void tried(async () => {
      await post('/api/v1/knowledge/ledger/retry', state === 'all' ? {} : { state });
      toast('They are read again');
      invalidate('/api/v1/knowledge');
    });
  return (
    <div className="stack">
      {cover.data ? <Share c={cover.data} /> : <Skeleton lines={1} height={12} />}
      <section className="card stack" aria-label="Files">
        <div className="row wrap">
          <Segments
            label="State"
            value={state}
            options={
              [
                ['all', 'All'],
                ['indexed', 'Indexed'],
                ['refused', 'Refused'],
                ['failed', 'Failed'],
                ['duplicate', 'Duplicates'],
                ['deleted', 'Deleted'],
              ] as const
            }
            onChange={setState}
          />
          <input
            className="field grow"
            type="search"
            aria-label="Filter the ledger"
            placeholder="Somewhere in path or reason"
            value={q}
            onChange={(e) => setQ(e.target.value)}
          />
          {(state === 'refused' || state === 'failed') && (
            <Button slim icon="undo" onClick={retry}>
              Read again
            </Button>
          )}
        </div>
        {error && <Problem text={error} again={again} />}
        {data && !data.entries.length && (
          <p className="soft">No file like that was ever offered.</p>
        )}
        <ul className="ledger">
          {data?.entries.map((e) => (
            <li key={e.source} className="ledger-row">
              <Chip tone={TONES[e.state]}>{e.state}</Chip>
              <div className="grow">
                {e.document && e.state !== 'deleted' ? (
                  <button
                    type="button"
                    className="doc-open cut"
                    title={e.source}
                    onClick={() => openDocument({ id: e.document! })}
                  >
                    {named(e.source)}
                  </button>
                ) : (
                  <span className="cut" title={e.source}>
                    {named(e.source)}
                  </span>
                )}
                {e.reason && <p className="small soft">{e.reason}</p>}
              </div>
              <span className="small soft num nowrap">
                {e.file_type ? `${typeText(e.file_type)} · ` : ''}
                {bytesText(e.bytes)} · {agoText(e.last_at)}
              </span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
