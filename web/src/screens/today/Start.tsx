// The first run: what is missing and how to mend it, and something to try it with.
import { useState } from 'react';
import { post } from '../../api/client';
import type { SystemInfo } from '../../api/types';
import { count } from '../../state/format';
import { invalidate } from '../../state/resource';
import { href } from '../../state/route';
import { toast, tried } from '../../state/toasts';
import { Icon } from '../../ui/icons';
import { Button } from '../../ui/kit';

export async function importSample(): Promise<void> {
  const r = await tried(() =>
    post<{ added: number; known: number; refused: number }>('/api/v1/knowledge/sample'),
  );
  if (!r) return;
  toast(
    r.added
      ? `${count(r.added, 'sample document')} added. Ask: who owns the apartment I rent?`
      : 'The samples are here already.',
  );
  invalidate('/');
}

export function SampleButton({ info }: { info: SystemInfo }) {
  const [busy, setBusy] = useState(false);
  if (!info.sample.available) return null;
  return (
    <Button
      kind="primary"
      icon="library"
      disabled={busy}
      onClick={() => {
        setBusy(true);
        void importSample().finally(() => setBusy(false));
      }}
    >
      {busy ? 'Reading them' : `Try it with ${count(info.sample.documents, 'sample document')}`}
    </Button>
  );
}

export function Checks({ info, all }: { info: SystemInfo; all?: boolean }) {
  const list = info.checks.filter((c) => all || !c.ok);
  return (
    <ul className="checks">
      {list.map((c) => (
        <li key={c.name} className="check" data-ok={c.ok}>
          <Icon name={c.ok ? 'check' : 'warn'} size={20} />
          <div className="grow">
            <p>
              <strong>{c.name}</strong> <span className="soft">{c.detail}</span>
            </p>
            {c.mend && (
              <p className="small">
                To mend it: <code>{c.mend}</code>
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

export default function Start({ info, empty }: { info: SystemInfo; empty: boolean }) {
  const bad = info.checks.some((c) => !c.ok);
  return (
    <div className="start">
      {empty && (
        <section className="card empty" aria-label="Begin">
          <h2>Give it something to read.</h2>
          <p>
            Drop files or whole folders on the Library: letters, mail, tables, books, notes. They
            are read on this machine and leave it never. Or look around first with the papers of a
            family that does not exist.
          </p>
          <div className="row wrap">
            <SampleButton info={info} />
            <a className="btn" href={href('library')}>
              <Icon name="upload" />
              Add your own
            </a>
          </div>
        </section>
      )}
      {bad && (
        <section className="card stack" aria-label="What is missing">
          <h2>What is missing</h2>
          <Checks info={info} />
        </section>
      )}
    </div>
  );
}
