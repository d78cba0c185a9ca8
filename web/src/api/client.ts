// HTTP to the program that served this page; nothing else is ever asked.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export const offline = (e: unknown): boolean =>
  !(e instanceof ApiError) && (e as Error)?.name !== 'AbortError';

/** What a person should read of a failure. */
export function says(e: unknown): string {
  if (e instanceof ApiError) return e.message;
  return offline(e) ? 'Sotto does not answer; is it running?' : String((e as Error)?.message ?? e);
}

type Listener = (needed: boolean) => void;
let onAuth: Listener | null = null;
/** Told when an answer was 401. */
export const whenUnauthorized = (f: Listener): void => {
  onAuth = f;
};

export async function failure(answer: Response): Promise<ApiError> {
  const body = (await answer.json().catch(() => null)) as {
    detail?: string;
    title?: string;
    code?: string;
  } | null;
  if (answer.status === 401) onAuth?.(true);
  return new ApiError(
    answer.status,
    body?.code ?? '',
    body?.detail || body?.title || `status ${answer.status}`,
  );
}

export async function send(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<Response> {
  const answer = await fetch(path, {
    method,
    signal,
    headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw await failure(answer);
  return answer;
}

async function json<T>(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<T> {
  const answer = await send(method, path, body, signal);
  return (answer.status === 204 ? null : await answer.json()) as T;
}

export const get = <T>(path: string, signal?: AbortSignal) =>
  json<T>('GET', path, undefined, signal);
export const post = <T>(path: string, body: unknown = {}, signal?: AbortSignal) =>
  json<T>('POST', path, body, signal);
export const patch = <T>(path: string, body: unknown) => json<T>('PATCH', path, body);
export const put = <T>(path: string, body: unknown) => json<T>('PUT', path, body);
export const del = (path: string) => send('DELETE', path);

/** A query string out of members; null, undefined and '' are left out, lists are repeated. */
export function query(members: Record<string, unknown>): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(members))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== null && one !== undefined && one !== '') q.append(name, String(one));
  const text = q.toString();
  return text ? `?${text}` : '';
}

export interface ServerEvent {
  event: string;
  data: string;
}

/** Server-sent events out of pieces of text, however they were cut. */
export class EventReader {
  private rest = '';

  push(piece: string): ServerEvent[] {
    const blocks = (this.rest + piece).replace(/\r\n?/g, '\n').split('\n\n');
    this.rest = blocks.pop() ?? '';
    return blocks.map(readBlock).filter((e): e is ServerEvent => e !== null);
  }
}

function readBlock(block: string): ServerEvent | null {
  let event = 'message';
  const data: string[] = [];
  for (const line of block.split('\n')) {
    if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return data.length ? { event, data: data.join('\n') } : null;
}

/** Posts, and gives each event of the answer to `on`; ends with the stream. */
export async function stream(
  path: string,
  body: unknown,
  on: (e: ServerEvent) => void,
  signal: AbortSignal,
): Promise<void> {
  const answer = await fetch(path, {
    method: 'POST',
    signal,
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw await failure(answer);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    events.push(value).forEach(on);
  }
}
