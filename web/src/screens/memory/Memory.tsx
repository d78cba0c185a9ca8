// What it believes about the person, where it learnt each thing, to be edited and forgotten.
import { useEffect, useRef, useState } from 'react';
import { patch, post, query } from '../../api/client';
import type { Fact, FactList } from '../../api/types';
import { agoText, count } from '../../state/format';
import { invalidate, useResource } from '../../state/resource';
import { go, route } from '../../state/route';
import { useStore } from '../../state/store';
import { openSession } from '../../state/talk';
import { toast, tried } from '../../state/toasts';
import { deleteLater, hidden } from '../../state/undo';
import { Icon } from '../../ui/icons';
import { Button, Chip, IconButton, Problem, Skeleton, Top } from '../../ui/kit';
import './memory.css';

const again = () => invalidate('/api/v1/memory');

const WHERE: Record<string, string> = {
  api: 'you wrote it here',
  conversation: 'you said it',
  document: 'from a document',
};

function From({ fact }: { fact: Fact }) {
  const where = WHERE[fact.source] ?? fact.source;
  if (!fact.conversation_id) return <span>{where}</span>;
  return (
    <button
      type="button"
      className="chip"
      onClick={() => {
        void openSession(fact.conversation_id!);
        go('talk');
      }}
    >
      <Icon name="talk" size={14} />
      {where}
    </button>
  );
}

/** What held before it about the same thing. */
function History({ fact }: { fact: Fact }) {
  const { data, error } = useResource<FactList>(`/api/v1/memory/${fact.id}/history`);
  if (error) return <Problem text={error} />;
  const before = data?.facts.filter((f) => f.id !== fact.id) ?? [];
  return (
    <ol className="history small" aria-label="What held before">
      {data && !before.length && <li className="soft">Nothing else held before it.</li>}
      {before.map((f) => (
        <li key={f.id}>
          <s>{f.value ?? f.text}</s>{' '}
          <span className="soft num">
            {agoText(f.created_at)}
            {f.ended_at ? ` to ${agoText(f.ended_at)}` : ''}
          </span>
        </li>
      ))}
    </ol>
  );
}

function FactView({ fact, chosen }: { fact: Fact; chosen: boolean }) {
  const [text, setText] = useState<string | null>(null);
  const [past, setPast] = useState(false);
  const box = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) box.current?.scrollIntoView({ block: 'center' });
  }, [chosen]);
  // "I am allergic to hazelnuts" has its value in its subject: the sentence says it better.
  const pair =
    fact.subject && fact.value && !fact.subject.toLowerCase().includes(fact.value.toLowerCase());
  const save = async () => {
    if (text === null || text.trim() === fact.text) {
      setText(null);
      return;
    }
    if (await tried(() => patch(`/api/v1/memory/${fact.id}`, { text }))) {
      setText(null);
      again();
    }
  };
  return (
    <li className="card edge fact" data-holds={fact.holds} data-chosen={chosen} ref={box}>
      {text === null ? (
        <>
          {pair ? (
            <p className="fact-text">
              <span className="soft">{fact.subject}</span>
              <strong>{fact.value}</strong>
            </p>
          ) : (
            <p className="fact-text">
              <strong>{fact.text}</strong>
            </p>
          )}
          <div className="row small soft fact-foot">
            <span className="grow row wrap">
              <From fact={fact} /> <span className="num">{agoText(fact.created_at)}</span>
              {!fact.holds && <Chip>replaced</Chip>}
            </span>
            {fact.holds && (
              <IconButton
                slim
                icon="clock"
                aria-expanded={past}
                label={`History: ${fact.text}`}
                onClick={() => setPast(!past)}
              />
            )}
            {fact.holds && (
              <IconButton
                slim
                icon="edit"
                label={`Edit: ${fact.text}`}
                onClick={() => setText(fact.text)}
              />
            )}
            <IconButton
              slim
              icon="trash"
              label={`Forget: ${fact.text}`}
              onClick={() =>
                deleteLater(fact.id, `/api/v1/memory/${fact.id}`, `“${fact.text}”`, again)
              }
            />
          </div>
          {past && <History fact={fact} />}
        </>
      ) : (
        <form
          className="stack"
          onSubmit={(e) => {
            e.preventDefault();
            void save();
          }}
        >
          <input
            className="field"
            autoFocus
            aria-label="What is true"
            value={text}
            maxLength={1000}
            onChange={(e) => setText(e.target.value)}
          />
          <div className="row">
            <Button slim type="submit" kind="primary">
              Save
            </Button>
            <Button slim onClick={() => setText(null)}>
              Leave it
            </Button>
          </div>
        </form>
      )}
    </li>
  );
}

export default function Memory() {
  const { params } = useStore(route);
  const [q, setQ] = useState('');
  const [history, setHistory] = useState(false);
  const [text, setText] = useState('');
  const gone = useStore(hidden);
  const {
    data,
    error,
    again: retry,
  } = useResource<FactList>(`/api/v1/memory${query({ q, history: history || '', limit: 200 })}`);
  const list = data?.facts.filter((f) => !gone.has(f.id)) ?? [];
  const remember = async () => {
    const f = await tried(() =>
      post<Fact & { replaced?: string | null }>('/api/v1/memory', { text }),
    );
    if (!f) return;
    setText('');
    again();
    toast(f.replaced ? 'Remembered, in place of what was known before' : 'Remembered');
  };
  return (
    <div className="page">
      <Top
        screen="memory"
        title="Memory"
        lead="What it believes about you. It uses these in answers; nobody else ever sees them. Passwords and card numbers are refused."
      />
      <form
        className="card row wrap remember"
        onSubmit={(e) => {
          e.preventDefault();
          if (text.trim()) void remember();
        }}
      >
        <input
          className="field grow"
          value={text}
          maxLength={1000}
          aria-label="Something to remember"
          placeholder="My manager is Dana"
          onChange={(e) => setText(e.target.value)}
        />
        <Button type="submit" kind="primary" icon="plus" disabled={!text.trim()}>
          Remember
        </Button>
      </form>
      <div className="row wrap memory-tools">
        <input
          className="field grow"
          type="search"
          aria-label="Search memory"
          placeholder="Search what it knows"
          value={q}
          onChange={(e) => setQ(e.target.value)}
        />
        <button
          type="button"
          className="chip"
          aria-pressed={history}
          onClick={() => setHistory(!history)}
        >
          What held before, too
        </button>
        {data && <span className="small soft num">{count(data.total, 'thing')}</span>}
      </div>
      {error && <Problem text={error} again={retry} />}
      {!data && !error && <Skeleton lines={3} height={6} />}
      {data && !list.length && (
        <section className="card empty">
          <h2>{q ? 'Nothing like that.' : 'It knows nothing about you yet.'}</h2>
          <p>
            Tell it here, or in the conversation: “remember that my manager is Dana”. Then ask: “who
            is my manager?”
          </p>
        </section>
      )}
      <ul className="facts-grid">
        {list.map((f) => (
          <FactView key={f.id} fact={f} chosen={f.id === params.fact} />
        ))}
      </ul>
    </div>
  );
}
