// The library: what was read, what was refused and why, and how much of what was offered is covered.
import { useEffect, useRef, useState } from 'react';
import { del, patch, post, query } from '../../api/client';
import type { Coverage, Doc, DocList, Folder, Stats, SystemInfo } from '../../api/types';
import { agoText, bytesText, count, typeShort, typeText } from '../../state/format';
import { openDocument } from '../../state/reader';
import { invalidate, useResource } from '../../state/resource';
import { route, tune } from '../../state/route';
import { useStore } from '../../state/store';
import { toast, tried } from '../../state/toasts';
import { deleteLater, hidden } from '../../state/undo';
import { dropped, offer } from '../../state/uploads';
import { Icon } from '../../ui/icons';
import { Button, Chip, IconButton, Problem, Progress, Segments, Skeleton, Top } from '../../ui/kit';
import { SampleButton } from '../today/Start';
import { LedgerView } from './LedgerView';
import { Uploads } from './Uploads';
import './library.css';

const SORTS = [
  ['-updated_at', 'Newest'],
  ['updated_at', 'Oldest'],
  ['title', 'Title'],
  ['-importance_score', 'Importance'],
] as const;
const PAGE = 60;

function pick(files: FileList | null): void {
  offer([...(files ?? [])].map((file) => ({ file, source: file.webkitRelativePath || null })));
}

function Adders() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => {
    folder.current?.setAttribute('webkitdirectory', '');
  }, []);
  return (
    <>
      <Button kind="primary" icon="upload" onClick={() => files.current?.click()}>
        Add files
      </Button>
      <Button icon="folder" onClick={() => folder.current?.click()}>
        Add a folder
      </Button>
      <input
        ref={files}
        id="file"
        type="file"
        multiple
        hidden
        aria-label="Files to add"
        onChange={(e) => {
          pick(e.target.files);
          e.target.value = '';
        }}
      />
      <input
        ref={folder}
        id="folder"
        type="file"
        hidden
        aria-label="Folder to add"
        onChange={(e) => {
          pick(e.target.files);
          e.target.value = '';
        }}
      />
    </>
  );
}

/** Files may be dropped anywhere on the screen. */
function useDrop(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const enter = (e: DragEvent) => {
      if (e.dataTransfer?.types.includes('Files')) {
        e.preventDefault();
        setOver(true);
      }
    };
    const leave = (e: DragEvent) => {
      if (!e.relatedTarget) setOver(false);
    };
    const drop = (e: DragEvent) => {
      e.preventDefault();
      setOver(false);
      if (e.dataTransfer) void tried(async () => offer(await dropped(e.dataTransfer!)));
    };
    addEventListener('dragover', enter);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
  return over;
}

function Row({ doc, tag }: { doc: Doc; tag: (t: string) => void }) {
  return (
    <li className="doc">
      <span className="doc-type" data-type={doc.metadata.file_type} aria-hidden="true">
        {typeShort(doc.metadata.file_type)}
      </span>
      <div className="grow stack-tight">
        <button type="button" className="doc-open" onClick={() => openDocument({ id: doc.id })}>
          {doc.title}
        </button>
        {doc.metadata.summary && <p className="small soft doc-summary">{doc.metadata.summary}</p>}
        <div className="row wrap doc-tags">
          <span className="small soft num">
            {typeText(doc.metadata.file_type)} · {bytesText(doc.bytes)} ·{' '}
            {count(doc.chunks, 'passage')} · {agoText(doc.updated_at)}
          </span>
          {doc.metadata.tags.slice(0, 4).map((t) => (
            <button key={t} type="button" className="chip" onClick={() => tag(t)}>
              {t}
            </button>
          ))}
        </div>
      </div>
      <span className="doc-weight" title={`importance ${doc.metadata.importance_score.toFixed(2)}`}>
        <svg
          viewBox="0 0 36 36"
          width="34"
          height="34"
          role="img"
          aria-label={`importance ${Math.round(doc.metadata.importance_score * 100)} percent`}
        >
          <circle cx="18" cy="18" r="14" fill="none" stroke="var(--line)" strokeWidth="6" />
          <circle
            cx="18"
            cy="18"
            r="14"
            fill="none"
            stroke="var(--violet)"
            strokeWidth="6"
            strokeDasharray={`${doc.metadata.importance_score * 88} 88`}
            transform="rotate(-90 18 18)"
          />
        </svg>
      </span>
      <IconButton
        slim
        icon="trash"
        label={`Delete ${doc.title}`}
        onClick={() =>
          deleteLater(doc.id, `/api/v1/knowledge/documents/${doc.id}`, `“${doc.title}”`, () =>
            invalidate('/api/v1/knowledge'),
          )
        }
      />
    </li>
  );
}

function Documents() {
  const { params } = useStore(route);
  const [text, setText] = useState(params.q ?? '');
  const [size, setSize] = useState(PAGE);
  const gone = useStore(hidden);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== (params.q ?? '')) tune({ q: text });
    }, 150);
    return () => clearTimeout(timer);
  }, [text, params.q]);
  const path = `/api/v1/knowledge/documents${query({
    limit: Math.min(size, 200),
    content: 'none',
    q: params.q,
    tag: params.tag,
    file_type: params.type,
    sort: params.sort ?? '-updated_at',
  })}`;
  const { data, error, again } = useResource<DocList>(path);
  const types =
    useResource<Coverage>('/api/v1/knowledge/ledger/coverage').data?.types.map((t) => t.type) ?? [];
  const list = data?.documents.filter((d) => !gone.has(d.id)) ?? [];
  return (
    <section className="card stack" aria-label="Documents">
      <div className="row wrap filters">
        <input
          className="field grow"
          type="search"
          placeholder="Words in title, source or file name"
          aria-label="Filter documents"
          value={text}
          onChange={(e) => setText(e.target.value)}
        />
        <select
          className="field type-field"
          aria-label="Type"
          value={params.type ?? ''}
          onChange={(e) => tune({ type: e.target.value })}
        >
          <option value="">Every type</option>
          {[...new Set([...types, ...(params.type ? [params.type] : [])])].map((t) => (
            <option key={t} value={t}>
              {typeText(t)}
            </option>
          ))}
        </select>
        <select
          className="field type-field"
          aria-label="Order"
          value={params.sort ?? '-updated_at'}
          onChange={(e) => tune({ sort: e.target.value })}
        >
          {SORTS.map(([v, t]) => (
            <option key={v} value={v}>
              {t}
            </option>
          ))}
        </select>
        {params.tag && (
          <button type="button" className="chip blue" onClick={() => tune({ tag: null })}>
            <Icon name="tag" size={14} />
            {params.tag}
            <Icon name="close" size={14} />
          </button>
        )}
      </div>
      {error && <Problem text={error} again={again} />}
      {!data && !error && <Skeleton lines={5} height={4} />}
      {data && (
        <p className="small soft num" role="status">
          {count(data.total, 'document')}
        </p>
      )}
      <ul className="docs" id="documents">
        {list.map((d) => (
          <Row key={d.id} doc={d} tag={(t) => tune({ tag: t })} />
        ))}
      </ul>
      {data?.next_cursor && size < 200 && (
        <Button onClick={() => setSize(size + 140)}>Show more</Button>
      )}
      {data?.next_cursor && size >= 200 && (
        <p className="small soft">These are the first 200; filter to see others.</p>
      )}
    </section>
  );
}

function FolderView({ folder }: { folder: Folder }) {
  const busy = folder.total > folder.finished;
  return (
    <li className="folder-row stack">
      <div className="row wrap">
        <Icon name="folder" />
        <strong className="grow cut" title={folder.path}>
          {folder.path}
        </strong>
        <Chip
          tone={
            folder.state === 'watching'
              ? 'green'
              : folder.state === 'missing' || folder.state === 'blocked'
                ? 'red'
                : 'blue'
          }
        >
          {folder.state}
        </Chip>
        <Button
          slim
          onClick={() =>
            void tried(() =>
              patch(`/api/v1/knowledge/folders/${folder.id}`, { paused: !folder.paused }),
            ).then(() => invalidate('/api/v1/knowledge/folders'))
          }
        >
          {folder.paused ? 'Go on' : 'Pause'}
        </Button>
        <IconButton
          slim
          icon="trash"
          label={`Watch ${folder.path} no more`}
          onClick={() =>
            void tried(() => del(`/api/v1/knowledge/folders/${folder.id}`)).then(() => {
              invalidate('/api/v1/knowledge/folders');
              toast('It is watched no more; its documents stay');
            })
          }
        />
      </div>
      {folder.message && <p className="small soft">{folder.message}</p>}
      {busy && (
        <>
          <Progress
            share={folder.finished / Math.max(1, folder.total)}
            label={`Reading ${folder.path}`}
          />
          <p className="small soft num">
            {folder.finished} of {folder.total} · {folder.files_per_second.toFixed(1)} files a
            second{folder.seconds_left ? ` · ${Math.ceil(folder.seconds_left)} s left` : ''}
          </p>
        </>
      )}
      {!busy && (
        <p className="small soft num">{Math.round(folder.covered * 100)} % of it is covered</p>
      )}
    </li>
  );
}

function Folders() {
  const { data } = useResource<{ folders: Folder[] }>('/api/v1/knowledge/folders');
  const [path, setPath] = useState('');
  const watch = async () => {
    if ((await tried(() => post('/api/v1/knowledge/folders', { path }))) === null) return;
    setPath('');
    invalidate('/api/v1/knowledge/folders');
  };
  return (
    <section className="card stack" aria-label="Watched folders">
      <h2>Watched folders</h2>
      <p className="soft small">What lies in them is read and kept up to date by itself.</p>
      <ul className="stack">
        {data?.folders.map((f) => (
          <FolderView key={f.id} folder={f} />
        ))}
      </ul>
      <form
        className="row"
        onSubmit={(e) => {
          e.preventDefault();
          void watch();
        }}
      >
        <input
          className="field"
          placeholder="/home/me/Documents"
          aria-label="Path of a folder on this machine"
          value={path}
          onChange={(e) => setPath(e.target.value)}
        />
        <Button type="submit" disabled={!path.trim()}>
          Watch
        </Button>
      </form>
    </section>
  );
}

export default function Library() {
  const { params } = useStore(route);
  const view =
    params.view === 'ledger' ? 'ledger' : params.view === 'folders' ? 'folders' : 'documents';
  const { data: stats } = useResource<Stats>('/api/v1/knowledge/stats');
  const system = useResource<SystemInfo>('/api/v1/system');
  const over = useDrop();
  const empty = stats?.documents === 0;
  return (
    <div className="page">
      <Top
        screen="library"
        title="Library"
        lead={
          stats
            ? `${count(stats.documents, 'document')} in ${count(stats.chunks, 'passage')}, ${bytesText(stats.original_bytes)} as they came. All of it on this machine.`
            : ' '
        }
      >
        <Adders />
        <Segments
          label="View"
          value={view}
          options={
            [
              ['documents', 'Documents'],
              ['folders', 'Folders'],
              ['ledger', 'Ledger'],
            ] as const
          }
          onChange={(v) => tune({ view: v === 'documents' ? null : v })}
        />
      </Top>
      <Uploads />
      {view === 'ledger' ? (
        <LedgerView />
      ) : view === 'folders' ? (
        <Folders />
      ) : empty ? (
        <section className="card empty drop-here">
          <Icon name="upload" size={56} />
          <h2>Drop files or whole folders here.</h2>
          <p>
            Text, PDF, Word, tables, slides, mail, books, web pages, sound and more. They are read
            in a confined process on this machine; what cannot be read is named with its reason.
          </p>
          {system.data && <SampleButton info={system.data} />}
        </section>
      ) : (
        <Documents />
      )}
      {over && (
        <div className="drop-cover" aria-hidden="true">
          <Icon name="upload" size={72} />
          <p>Let go to add</p>
        </div>
      )}
    </div>
  );
}
