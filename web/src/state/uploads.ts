// Files on their way to the server: three at a time, each with its progress and, when it is refused,
// the reason in the server's words.
import { store } from './store';

export type UploadState = 'waiting' | 'sending' | 'reading' | 'added' | 'known' | 'refused';
export interface Upload {
  key: number;
  name: string;
  bytes: number;
  sent: number;
  state: UploadState;
  note: string;
  document: string | null;
}
export interface Round {
  uploads: Upload[];
  started: number;
  ended: number | null;
}

export const uploads = store<Round>({ uploads: [], started: 0, ended: null });
const AT_ONCE = 3;

export interface Offered {
  file: File;
  source: string | null;
}
export interface Answer {
  status: number;
  body: { id?: string; detail?: string; chunks?: number };
}
export type Sender = (offered: Offered, progress: (sent: number) => void) => Promise<Answer>;

let next = 1;
let running = 0;
const queue: (() => Promise<void>)[] = [];

function change(key: number, members: Partial<Upload>): void {
  uploads.set((r) => ({
    ...r,
    uploads: r.uploads.map((u) => (u.key === key ? { ...u, ...members } : u)),
  }));
}

const over = (u: Upload): boolean =>
  u.state === 'added' || u.state === 'known' || u.state === 'refused';

export interface Sum {
  total: number;
  done: number;
  added: number;
  known: number;
  refused: number;
  share: number;
  perSecond: number;
}
export function sum(r: Round, now: number): Sum {
  const done = r.uploads.filter(over).length;
  const bytes = r.uploads.reduce((n, u) => n + u.bytes, 0);
  const sent = r.uploads.reduce((n, u) => n + (over(u) ? u.bytes : u.sent), 0);
  const seconds = ((r.ended ?? now) - r.started) / 1000;
  const count = (s: UploadState) => r.uploads.filter((u) => u.state === s).length;
  return {
    total: r.uploads.length,
    done,
    added: count('added'),
    known: count('known'),
    refused: count('refused'),
    share: bytes ? sent / bytes : done / Math.max(1, r.uploads.length),
    perSecond: seconds > 0 ? done / seconds : 0,
  };
}

function outcome(a: Answer): Partial<Upload> {
  if (a.status === 201)
    return { state: 'added', note: `${a.body.chunks ?? 0} passages`, document: a.body.id ?? null };
  if (a.status === 200)
    return { state: 'known', note: 'was there already', document: a.body.id ?? null };
  return { state: 'refused', note: a.body.detail ?? `status ${a.status}` };
}

async function one(key: number, offered: Offered, send: Sender): Promise<void> {
  change(key, { state: 'sending' });
  try {
    const size = offered.file.size;
    change(
      key,
      outcome(
        await send(offered, (sent) =>
          change(key, { sent, state: sent >= size ? 'reading' : 'sending' }),
        ),
      ),
    );
  } catch {
    change(key, { state: 'refused', note: 'the connection failed; drop it again' });
  }
}

function pump(): void {
  while (running < AT_ONCE && queue.length) {
    const job = queue.shift()!;
    running++;
    void job().then(() => {
      running--;
      pump();
      if (!running && !queue.length) uploads.set((r) => ({ ...r, ended: Date.now() }));
    });
  }
}

export function offer(files: Offered[], send: Sender = sendFile): void {
  if (!files.length) return;
  const fresh = files.map((f) => ({ key: next++, offered: f }));
  const rows = fresh.map(
    ({ key, offered }): Upload => ({
      key,
      name: offered.source ?? offered.file.name,
      bytes: offered.file.size,
      sent: 0,
      state: 'waiting',
      note: '',
      document: null,
    }),
  );
  uploads.set((r) =>
    r.ended === null && r.uploads.length
      ? { ...r, uploads: [...r.uploads, ...rows] }
      : { uploads: rows, started: Date.now(), ended: null },
  );
  for (const { key, offered } of fresh) queue.push(() => one(key, offered, send));
  pump();
}

export const clearUploads = (): void => uploads.set({ uploads: [], started: 0, ended: null });

/** fetch does not tell how far a body has gone; XMLHttpRequest does. */
export const sendFile: Sender = ({ file, source }, progress) =>
  new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', file, file.name);
    if (source) form.append('source', source);
    const request = new XMLHttpRequest();
    request.open('POST', '/api/v1/knowledge/documents');
    request.upload.onprogress = (e) => {
      if (e.lengthComputable) progress((e.loaded / e.total) * file.size);
    };
    request.onload = () => {
      let body: Answer['body'] = {};
      try {
        body = JSON.parse(request.responseText) as Answer['body'];
      } catch {
        /* the status says enough */
      }
      resolve({ status: request.status, body });
    };
    request.onerror = () => reject(new Error('network'));
    request.send(form);
  });

type Entry = FileSystemEntry & {
  file?: (ok: (f: File) => void, no: (e: unknown) => void) => void;
  createReader?: () => FileSystemDirectoryReader;
};

/** The files of dropped folders, with their paths. */
export async function walk(entry: Entry, path = ''): Promise<Offered[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((ok, no) => entry.file!(ok, no));
    return [{ file, source: path ? path + entry.name : null }];
  }
  const reader = entry.createReader!();
  const out: Offered[] = [];
  for (;;) {
    const batch = await new Promise<FileSystemEntry[]>((ok, no) => reader.readEntries(ok, no));
    if (!batch.length) return out;
    for (const child of batch)
      if (!child.name.startsWith('.'))
        out.push(...(await walk(child as Entry, `${path}${entry.name}/`)));
  }
}

export async function dropped(data: DataTransfer): Promise<Offered[]> {
  const entries = [...data.items]
    .map((i) => i.webkitGetAsEntry?.())
    .filter((e): e is FileSystemEntry => !!e);
  if (!entries.length) return [...data.files].map((file) => ({ file, source: null }));
  return (await Promise.all(entries.map((e) => walk(e as Entry)))).flat();
}
