// The reader: the extracted text, marked at the exact bytes, beside the original; what is known of
// the document; what is like it.
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { patch } from '../../api/client';
import type { Doc } from '../../api/types';
import { bytesText, count, spanText, typeText } from '../../state/format';
import { openDocument, reader, type Place } from '../../state/reader';
import { invalidate, useResource } from '../../state/resource';
import { useStore } from '../../state/store';
import { tried } from '../../state/toasts';
import { deleteLater } from '../../state/undo';
import { Icon } from '../../ui/icons';
import { Button, Chip, IconButton, Problem, Segments, Skeleton } from '../../ui/kit';
import { CloseButton, Sheet } from '../../ui/overlay';
import { Marked } from '../../ui/text';
import { Recording } from '../../ui/Recording';
import './reader.css';

const close = () => reader.set(null);
const SHOWN_MAX = 400000; // characters of one text in the page at once
type View = 'text' | 'original' | 'both' | 'about';

function Text({ doc, place }: { doc: Doc; place: Place }) {
  const box = useRef<HTMLPreElement>(null);
  const marks: [number, number][] = place.to ? [[place.from ?? 0, place.to]] : [];
  useLayoutEffect(() => {
    box.current?.querySelector('mark')?.scrollIntoView({ block: 'center' });
  }, [doc.id, place.from, place.to]);
  const from = place.from && place.from > SHOWN_MAX / 2 ? place.from - SHOWN_MAX / 2 : 0;
  const cut = doc.content.length > SHOWN_MAX;
  return (
    <pre
      className="reader-text"
      id="reader-text"
      ref={box}
      tabIndex={0}
      aria-label="Extracted text"
    >
      {cut && from > 0 && '…\n'}
      <Marked
        text={doc.content}
        marks={marks}
        from={cut ? from : 0}
        to={cut ? from + SHOWN_MAX : undefined}
      />
      {cut && '\n…'}
    </pre>
  );
}

const PICTURE = /^image\/(png|jpeg|gif|webp)$/;
const PLAIN = new Set([
  'text',
  'markdown',
  'html',
  'csv',
  'json',
  'email',
  'mbox',
  'calendar',
  'ics',
  'rtf',
  'xml',
  'vcard',
  'code',
]);

const isSound = (doc: Doc): boolean => doc.media_type.startsWith('audio/');

function Original({ doc, page, at }: { doc: Doc; page?: number | null; at?: number }) {
  const path = `/api/v1/knowledge/documents/${doc.id}/original`;
  const [text, setText] = useState<string | null>(null);
  const plain = PLAIN.has(doc.metadata.file_type) || doc.media_type.startsWith('text/');
  useEffect(() => {
    if (!plain) return;
    void tried(async () => {
      const bytes = await (
        await fetch(path, { headers: { Range: 'bytes=0-400000' } })
      ).arrayBuffer();
      setText(new TextDecoder().decode(bytes));
    });
  }, [path, plain]);
  return (
    <div className="original">
      {PICTURE.test(doc.media_type) && <img src={path} alt={`Original of ${doc.title}`} />}
      {doc.media_type === 'application/pdf' && (
        <iframe
          src={`${path}?inline=true#navpanes=0&view=FitH&page=${page ?? 1}`}
          title={`Original of ${doc.title}`}
        />
      )}
      {isSound(doc) && <Recording id={doc.id} title={doc.title} at={at} />}
      {plain && (
        <pre className="reader-text" tabIndex={0} aria-label="Original">
          {text ?? ''}
        </pre>
      )}
      {!plain &&
        !PICTURE.test(doc.media_type) &&
        doc.media_type !== 'application/pdf' &&
        !isSound(doc) && (
          <div className="empty">
            <Icon name="file" size={48} />
            <p>
              A browser cannot show {typeText(doc.metadata.file_type)}. The original is kept byte
              for byte: download it to open it in its own program.
            </p>
          </div>
        )}
      <a className="btn slim" href={path} download={doc.filename ?? ''}>
        <Icon name="download" size={16} />
        Original, {bytesText(doc.bytes)}
      </a>
    </div>
  );
}

function Related({ id }: { id: string }) {
  const { data } = useResource<{ documents: (Doc & { similarity: number; why: string })[] }>(
    `/api/v1/knowledge/documents/${id}/related`,
  );
  if (!data?.documents.length) return <p className="soft small">Nothing else here is like it.</p>;
  return (
    <ul className="stack-tight related">
      {data.documents.map((d) => (
        <li key={d.id}>
          <button type="button" className="related-open" onClick={() => openDocument({ id: d.id })}>
            <Icon name="file" size={16} />
            <span className="grow cut">{d.title}</span>
            <span className="like" title={`similarity ${d.similarity.toFixed(2)}`}>
              <i style={{ width: `${Math.max(4, d.similarity * 100)}%` }} />
            </span>
            <span className="small soft num">{d.similarity.toFixed(2)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Tags({ doc }: { doc: Doc }) {
  const [text, setText] = useState('');
  const put = async (tags: string[]) => {
    await tried(() => patch(`/api/v1/knowledge/documents/${doc.id}`, { tags }));
    invalidate('/api/v1/knowledge');
  };
  return (
    <div className="row wrap">
      {doc.metadata.tags.map((t) => (
        <button
          key={t}
          type="button"
          className="chip"
          aria-label={`Remove the tag ${t}`}
          onClick={() => void put(doc.metadata.tags.filter((x) => x !== t))}
        >
          {t}
          <Icon name="close" size={12} />
        </button>
      ))}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (text.trim()) void put([...doc.metadata.tags, text.trim()]);
          setText('');
        }}
      >
        <input
          className="field tag-field"
          placeholder="new tag"
          aria-label="New tag"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
      </form>
    </div>
  );
}

const SIGNAL: Record<string, string> = { base: 'every document' };
function About({ doc }: { doc: Doc }) {
  const m = doc.metadata;
  return (
    <div className="about stack">
      {m.summary && <p className="about-summary">{m.summary}</p>}
      <Tags doc={doc} />
      <dl className="facts small">
        <dt>Source</dt>
        <dd>{m.source ?? 'written here'}</dd>
        <dt>Kind</dt>
        <dd className="num">
          {typeText(m.file_type)}, {bytesText(doc.bytes)}
          {doc.pages ? `, ${count(doc.pages, 'page')}` : ''}, {count(doc.chunks, 'passage')}
        </dd>
        {m.author && (
          <>
            <dt>Author</dt>
            <dd>{m.author}</dd>
          </>
        )}
        {m.language && (
          <>
            <dt>Language</dt>
            <dd>{m.language}</dd>
          </>
        )}
        <dt>Read</dt>
        <dd className="num">{new Date(doc.updated_at).toLocaleString('en-GB')}</dd>
      </dl>
      {m.importance_reasons && (
        <div className="stack-tight">
          <h3>Importance {m.importance_score.toFixed(2)}, because</h3>
          <ul className="row wrap">
            {m.importance_reasons
              .filter((r) => r.contribution)
              .map((r) => (
                <li key={r.signal}>
                  <Chip>
                    {SIGNAL[r.signal] ?? r.signal.replace(/_/g, ' ')}{' '}
                    {r.contribution > 0 ? '+' : ''}
                    {r.contribution.toFixed(2)}
                  </Chip>
                </li>
              ))}
          </ul>
        </div>
      )}
      <h3>Related</h3>
      <Related id={doc.id} />
    </div>
  );
}

export default function Reader() {
  const place = useStore(reader)!;
  const { data: doc, error } = useResource<Doc>(
    place ? `/api/v1/knowledge/documents/${place.id}` : null,
  );
  const wide = matchMedia('(min-width: 1200px)').matches;
  const [view, setView] = useState<View>('text');
  const views: (readonly [View, string])[] = [
    ['text', 'Text'],
    ['original', 'Original'],
    ...(wide ? [['both', 'Side by side'] as const] : []),
    ['about', 'About'],
  ];
  if (!place) return null;
  return (
    <Sheet
      open
      close={close}
      label={doc?.title ?? 'Document'}
      className={view === 'both' ? 'reader wide' : 'reader'}
    >
      <header className="reader-head">
        <div className="row">
          <h2 className="grow" id="reader-title">
            {doc?.title ?? ' '}
          </h2>
          {doc && (
            <IconButton
              icon="trash"
              label={`Delete ${doc.title}`}
              onClick={() => {
                close();
                deleteLater(doc.id, `/api/v1/knowledge/documents/${doc.id}`, `“${doc.title}”`, () =>
                  invalidate('/api/v1/knowledge'),
                );
              }}
            />
          )}
          <CloseButton close={close} />
        </div>
        <div className="row wrap">
          <Segments label="View" value={view} options={views} onChange={setView} />
          {place.to ? (
            <span className="small soft num">
              bytes {place.from}–{place.to}
              {place.page ? `, page ${place.page}` : ''}
              {place.at !== undefined ? `, at ${spanText(place.at)}` : ''}
            </span>
          ) : null}
          {place.to && view !== 'text' && (
            <Button slim onClick={() => setView('text')}>
              Show the passage
            </Button>
          )}
        </div>
      </header>
      <div className={`reader-body ${view}`}>
        {error && <Problem text={error} />}
        {!doc && !error && <Skeleton lines={6} height={3} />}
        {doc && view === 'text' && isSound(doc) && (
          <Recording id={doc.id} title={doc.title} at={place.at} />
        )}
        {doc && (view === 'text' || view === 'both') && <Text doc={doc} place={place} />}
        {doc && (view === 'original' || view === 'both') && (
          <Original doc={doc} page={place.page} at={place.at} />
        )}
        {doc && view === 'about' && <About doc={doc} />}
      </div>
    </Sheet>
  );
}
