// The first run: what is missing and how to mend it, and something to try it with.
import { useState } from 'react';
import { post } from '../../api/client';
import type { SystemInfo } from '../../api/types';
import { count } from '../../state/format';
import { invalidate } from '../../state/resource';
import { href } from '../../state/route';
import { toast, tried } from '../../state/toasts';
import './today.css';
import { Icon } from '../../ui/icons';
import { Button, Motif } from '../../ui/kit';

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

const STEPS = [
  ['talk', 'Ask, aloud or in writing', 'Every answer shows the sentence it stands on.'],
  ['tasks', 'Say what must not be forgotten', '“Remind me to call the bank tomorrow at nine.”'],
  ['today', 'Begin the day here', 'What is due, what changed, what everybody writes about.'],
] as const;

export default function Start({ info, empty }: { info: SystemInfo; empty: boolean }) {
  const bad = info.checks.some((c) => !c.ok);
  return (
    <div className="start">
      {empty && (
        <>
          <section className="card begin" aria-label="Begin">
            <div className="stack">
              <h2>Give it something to read.</h2>
              <p>
                Letters, mail, tables, books, notes, recordings: files or whole folders. They are
                read on this machine and never leave it. Or look around first, with the papers of a
                family that does not exist.
              </p>
              <div className="row wrap">
                <SampleButton info={info} />
                <a className="btn" href={href('library')}>
                  <Icon name="upload" />
                  Add your own
                </a>
              </div>
            </div>
            <Motif screen="library" />
          </section>
          <ul className="steps" aria-label="What it does then">
            {STEPS.map(([icon, title, text]) => (
              <li key={icon} className="card step">
                <Icon name={icon} size={28} />
                <h3>{title}</h3>
                <p className="small soft">{text}</p>
              </li>
            ))}
          </ul>
        </>
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
