// Tokens let other programs in; who is signed in here.
import { useEffect, useState } from 'react';
import { del, post } from '../../api/client';
import { agoText } from '../../state/format';
import { invalidate, useResource } from '../../state/resource';
import { loadSession, session, signOut } from '../../state/session';
import { useStore } from '../../state/store';
import { complain, toast, tried } from '../../state/toasts';
import { Button, Chip, Problem } from '../../ui/kit';
import { Confirm, Dialog } from '../../ui/overlay';

interface Token {
  id: string;
  kind?: 'token' | 'session';
  current?: boolean;
  name: string;
  scopes?: string[]; // a session has all of its person's
  created_at: string;
  expires_at: string | null;
  used_at: string | null;
  token?: string;
}
const SCOPES = ['read', 'write', 'voice', 'metrics', 'admin'];
const LIST = '/api/v1/tokens';

function NewToken({ made }: { made: (t: Token) => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState(['read']);
  const [days, setDays] = useState('90');
  const make = () =>
    void tried(async () => {
      const t = await post<Token>(LIST, {
        name,
        scopes,
        ...(Number(days) ? { expires_in_days: Number(days) } : {}),
      });
      setName('');
      invalidate(LIST);
      made(t);
    });
  return (
    <form
      className="stack"
      onSubmit={(e) => {
        e.preventDefault();
        make();
      }}
    >
      <h3>A new token</h3>
      <div className="row wrap">
        <input
          className="field token-name"
          value={name}
          aria-label="What it is for"
          placeholder="What it is for"
          onChange={(e) => setName(e.target.value)}
        />
        <select
          className="field type-field"
          value={days}
          aria-label="How long it holds"
          onChange={(e) => setDays(e.target.value)}
        >
          <option value="7">7 days</option>
          <option value="90">90 days</option>
          <option value="365">a year</option>
          <option value="0">for ever</option>
        </select>
      </div>
      <div className="row wrap" role="group" aria-label="What it may do">
        {SCOPES.map((s) => (
          <button
            key={s}
            type="button"
            className="chip"
            aria-pressed={scopes.includes(s)}
            onClick={() =>
              setScopes(scopes.includes(s) ? scopes.filter((x) => x !== s) : [...scopes, s])
            }
          >
            {s}
          </button>
        ))}
        <span className="grow" />
        <Button type="submit" kind="primary" disabled={!name.trim() || !scopes.length}>
          Make it
        </Button>
      </div>
    </form>
  );
}

export function Tokens({ there }: { there: boolean }) {
  const who = useStore(session);
  const { data, error } = useResource<{ tokens: Token[] }>(there ? LIST : null);
  const [made, setMade] = useState<Token | null>(null);
  const [ending, setEnding] = useState<Token | null>(null);
  const list = data?.tokens ?? [];
  useEffect(() => {
    if (there) void loadSession();
  }, [there]);
  return (
    <div className="stack">
      <section className="card stack" aria-label="Who may ask">
        <h2>Who may ask</h2>
        <p className="soft">
          Sotto listens on this machine only, until you say otherwise. Other programs here reach it
          at <code>{location.origin}</code>.
        </p>
        {who?.kind === 'session' && (
          <div className="row">
            <span className="grow">
              Signed in as <strong>{who.person?.name}</strong>
            </span>
            <Button onClick={() => signOut().catch(complain)}>Sign out</Button>
          </div>
        )}
      </section>
      {there ? (
        <section className="card stack" aria-label="Tokens">
          <h2>Tokens</h2>
          {error && <Problem text={error} />}
          {data && !list.length && <p className="soft">No program has one.</p>}
          <ul className="lines">
            {list.map((t) => (
              <li key={t.id} className="line">
                <div className="grow">
                  <p className="line-text">
                    {t.kind === 'session' ? `Signed in: ${t.name}` : t.name}
                    {t.current ? ' (here)' : ''}
                  </p>
                  <p className="row wrap small soft">
                    {(t.scopes ?? []).map((s) => (
                      <Chip key={s}>{s}</Chip>
                    ))}
                    <span className="num">
                      made {agoText(t.created_at)}
                      {t.used_at ? `, used ${agoText(t.used_at)}` : ', never used'}
                      {t.expires_at
                        ? `, until ${new Date(t.expires_at).toLocaleDateString('en-GB')}`
                        : ''}
                    </span>
                  </p>
                </div>
                <Button slim kind="danger" onClick={() => setEnding(t)}>
                  Revoke
                </Button>
              </li>
            ))}
          </ul>
          <NewToken made={setMade} />
        </section>
      ) : (
        <section className="card">
          <p className="soft">This build has no tokens: whoever is on this machine may ask.</p>
        </section>
      )}
      <Dialog open={made !== null} close={() => setMade(null)} label="The token">
        <h2>Copy it now</h2>
        <p className="soft">It is shown this once; Sotto keeps only its fingerprint.</p>
        <input
          className="field num"
          readOnly
          value={made?.token ?? ''}
          aria-label="The token"
          onFocus={(e) => e.target.select()}
        />
        <div className="row">
          <Button
            kind="primary"
            icon="copy"
            onClick={() =>
              void navigator.clipboard.writeText(made?.token ?? '').then(
                () => toast('Copied'),
                () => toast('Select it and press Ctrl C'),
              )
            }
          >
            Copy
          </Button>
          <Button onClick={() => setMade(null)}>Done</Button>
        </div>
      </Dialog>
      <Confirm
        open={ending !== null}
        close={() => setEnding(null)}
        title={`Revoke “${ending?.name}”?`}
        yes="Revoke"
        text="The program that has it is shut out within a second. That cannot be undone."
        run={() => void tried(() => del(`${LIST}/${ending!.id}`)).then(() => invalidate(LIST))}
      />
    </div>
  );
}
