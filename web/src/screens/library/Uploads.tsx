// Files on their way: how far, how fast, and of each that was refused the reason.
import { useEffect, useState } from 'react';
import { bytesText, count } from '../../state/format';
import { invalidate } from '../../state/resource';
import { useStore } from '../../state/store';
import { clearUploads, sum, uploads, type Upload } from '../../state/uploads';
import { Button, Progress } from '../../ui/kit';
import { Icon } from '../../ui/icons';

const WORDS: Record<Upload['state'], string> = {
  waiting: 'waiting',
  sending: 'on its way',
  reading: 'being read',
  added: 'added',
  known: 'known',
  refused: 'refused',
};
const SHOWN = 8;

export function Uploads() {
  const round = useStore(uploads);
  const [now, setNow] = useState(Date.now());
  const running = round.uploads.length > 0 && round.ended === null;
  useEffect(() => {
    if (!running) {
      invalidate('/api/v1/knowledge');
      return undefined;
    }
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [running]);
  if (!round.uploads.length) return null;
  const s = sum(round, now);
  const refused = round.uploads.filter((u) => u.state === 'refused');
  const others = round.uploads.filter((u) => u.state !== 'refused');
  const active = others.filter((u) => u.state === 'sending' || u.state === 'reading');
  const shown = [...refused, ...(running ? active : others.slice(-SHOWN))];
  return (
    <section className="card stack uploads" aria-label="Uploads" id="uploads">
      <div className="row wrap">
        <h2 className="grow" role="status">
          {running
            ? `Reading ${s.done} of ${s.total}`
            : `${count(s.added, 'document')} added${s.known ? `, ${s.known} known already` : ''}${s.refused ? `, ${s.refused} refused` : ''}`}
        </h2>
        <span className="small soft num">{s.perSecond.toFixed(1)} files a second</span>
        {!running && (
          <Button slim onClick={clearUploads}>
            Put away
          </Button>
        )}
      </div>
      {running && <Progress share={s.share} label="Uploading" />}
      <ul className="stack-tight">
        {shown.map((u) => (
          <li key={u.key} className="upload row" data-state={u.state}>
            <Icon
              name={
                u.state === 'refused'
                  ? 'warn'
                  : u.state === 'added' || u.state === 'known'
                    ? 'check'
                    : 'upload'
              }
              size={18}
            />
            <span className="grow">
              <strong>{u.name}</strong>{' '}
              <span className={u.state === 'refused' ? 'bad' : 'soft'}>
                {u.note || WORDS[u.state]}
              </span>
            </span>
            <span className="small soft num nowrap">{bytesText(u.bytes)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
