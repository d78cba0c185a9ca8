// One turn: words, and for an answer what it stands on, opened in place.
import { useState } from 'react';
import type { Citation, Doc } from '../../api/types';
import { baseName, clockText, dateOf, spanText } from '../../state/format';
import { openDocument } from '../../state/reader';
import { useResource } from '../../state/resource';
import { href } from '../../state/route';
import { settingValue } from '../../state/settings';
import { useStore } from '../../state/store';
import { askAgain, say, undoLast } from '../../state/talk';
import { complain } from '../../state/toasts';
import type { Turn } from '../../state/turns';
import { cancelVoice, speak, speaking } from '../../voice/voice';
import { Icon } from '../../ui/icons';
import { Button, Problem, Skeleton } from '../../ui/kit';
import { Marked } from '../../ui/text';
import { Recording } from '../../ui/Recording';

const AROUND = 420; // bytes before and behind the passage

function Passage({ citation, close }: { citation: Citation; close: () => void }) {
  const { data, error } = useResource<Doc>(`/api/v1/knowledge/documents/${citation.document_id}`);
  const { start, end } = citation;
  return (
    <figure className="passage">
      <figcaption className="row">
        <Icon name="quote" size={18} />
        <strong className="grow">{citation.title}</strong>
        <span className="small soft num nowrap">
          {citation.time_start !== undefined ? `at ${spanText(citation.time_start)} · ` : ''}
          {citation.page ? `page ${citation.page} · ` : ''}bytes {start}–{end}
        </span>
      </figcaption>
      {citation.time_start !== undefined && (
        <Recording id={citation.document_id} title={citation.title} at={citation.time_start} />
      )}
      {error && <Problem text={error} />}
      {!data && !error && <Skeleton lines={1} height={6} />}
      {data && (
        <blockquote className="passage-text">
          {start > AROUND && '… '}
          <Marked
            text={data.content}
            marks={[[start, end]]}
            from={Math.max(0, start - AROUND)}
            to={end + AROUND}
            tighten
            words
          />
          {' …'}
        </blockquote>
      )}
      <div className="row">
        <Button
          slim
          icon="library"
          onClick={() =>
            openDocument({
              id: citation.document_id,
              from: start,
              to: end,
              page: citation.page,
              at: citation.time_start,
            })
          }
        >
          Open the document
        </Button>
        <Button slim kind="quiet" onClick={close}>
          Close
        </Button>
      </div>
    </figure>
  );
}

function Sources({ citations }: { citations: Citation[] }) {
  const [open, setOpen] = useState<number | null>(null);
  const shown = open === null ? null : citations[open];
  return (
    <div className="sources">
      <ul className="row wrap" aria-label="Sources">
        {citations.map((c, i) => (
          <li key={`${c.document_id}${c.start}`}>
            {c.gone ? (
              <span className="chip">{c.title} (deleted)</span>
            ) : (
              <button
                type="button"
                className={`chip ${i === 0 ? 'blue' : ''}`}
                aria-expanded={open === i}
                title={c.source ?? c.title}
                onClick={() => setOpen(open === i ? null : i)}
              >
                <span className="num">{i + 1}</span>
                <span className="cut">{c.title || baseName(c.source ?? '')}</span>
                {c.time_start !== undefined && (
                  <span className="num nowrap">at {spanText(c.time_start)}</span>
                )}
              </button>
            )}
          </li>
        ))}
      </ul>
      {shown && <Passage citation={shown} close={() => setOpen(null)} />}
    </div>
  );
}

const Dots = () => (
  <p className="thinking">
    <i />
    <i />
    <i />
    <span className="sr">Sotto is thinking</span>
  </p>
);

const KEPT = new Set(['remember', 'forget', 'memory_list']);
/** What was answered from what it was told, and not from a document. */
const fromMemory = (t: Turn): boolean =>
  KEPT.has(t.action ?? '') ||
  (t.action === 'question' && t.found === true && !t.citations?.length && !t.model);

/** Between spoken words and their answer. */
export const Thinking = () => (
  <li className="turn answer">
    <div className="turn-text">
      <Dots />
    </div>
  </li>
);

function Answer({ turn }: { turn: Turn }) {
  const aloud = useStore(speaking, (s) => s === turn.key);
  const tell = () => {
    if (aloud) return cancelVoice(false);
    speak(turn.text, turn.key, Number(settingValue('speech_speed', '1'))).catch(complain);
  };
  const waiting = turn.state === 'sending' || (turn.state === 'streaming' && !turn.text);
  return (
    <li className="turn answer">
      <div className="turn-text">
        {waiting ? (
          <Dots />
        ) : (
          turn.text && (
            <p className="pre">
              {turn.text}
              {turn.state === 'streaming' && <span className="caret" aria-hidden="true" />}
            </p>
          )
        )}
        {turn.state === 'stopped' && <p className="small soft">{turn.note}</p>}
        {turn.state === 'failed' && (
          <Problem text={turn.note ?? 'that failed'} again={() => askAgain(turn.key)} />
        )}
        {turn.citations && turn.citations.length > 0 && <Sources citations={turn.citations} />}
        {turn.state === 'done' && turn.note && <p className="small soft turn-note">{turn.note}</p>}
        {turn.state === 'done' && (
          <div className="row wrap turn-foot small soft num">
            {turn.ms !== undefined && (
              <span title="From the question to the whole answer">
                {turn.ms.toFixed(turn.ms < 10 ? 1 : 0)} ms
              </span>
            )}
            {turn.confidence !== undefined && (
              <span title="How sure it is of what was meant and of the answer">
                {Math.round(turn.confidence * 100)} % sure
              </span>
            )}
            <Button slim kind="quiet" icon={aloud ? 'stop' : 'play'} onClick={tell}>
              {aloud ? 'Stop' : 'Listen'}
            </Button>
            {turn.canUndo && (
              <Button slim kind="quiet" icon="undo" onClick={() => say('undo')}>
                Undo
              </Button>
            )}
            {turn.model && <span title="The language model that wrote it">by {turn.model}</span>}
            {fromMemory(turn) && (
              <a className="chip" href={href('memory')}>
                <Icon name="memory" size={14} />
                From memory
              </a>
            )}
            {turn.tasks && turn.tasks.length > 0 && (
              <a className="chip" href={href('tasks')}>
                Tasks
              </a>
            )}
          </div>
        )}
      </div>
    </li>
  );
}

export function TurnView({ turn }: { turn: Turn }) {
  if (turn.role === 'assistant') return <Answer turn={turn} />;
  return (
    <li className={`turn mine ${turn.state}`}>
      <div className="turn-text">
        <p className="pre">
          {turn.spoken && <Icon name="mic" size={16} />}
          {turn.state === 'partial' ? (
            <>
              {turn.text.slice(0, turn.settled)}
              <span className="unsettled">{turn.text.slice(turn.settled)}</span>
            </>
          ) : (
            turn.text
          )}
          {turn.state === 'partial' && <span className="caret" aria-hidden="true" />}
        </p>
        <p className="small when num">
          {turn.state === 'queued'
            ? turn.note
            : turn.state === 'partial'
              ? 'listening'
              : clockText(dateOf(turn.at, true))}
        </p>
      </div>
    </li>
  );
}

export { undoLast };
