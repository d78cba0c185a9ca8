// Who one is. On one's own machine nobody is asked; elsewhere the server wants a name and a password
// (GET, POST, DELETE /api/v1/session). A server without people answers 404: nobody has to sign in.
import { ApiError, del, get, post, whenUnauthorized } from '../api/client';
import { live } from './live';
import { invalidate } from './resource';
import { store } from './store';

export interface Session {
  signed_in: boolean;
  must_sign_in: boolean;
  kind: 'nobody' | 'local' | 'token' | 'session';
  person: { id: string; name: string; admin: boolean } | null;
  scopes: string[];
}
export const session = store<Session | null>(null);

export async function loadSession(): Promise<void> {
  try {
    session.set(await get<Session>('/api/v1/session'));
  } catch (e) {
    if (e instanceof ApiError && e.status === 404) session.set(null);
  }
}

export async function signIn(name: string, password: string): Promise<void> {
  session.set(await post<Session>('/api/v1/session', { name, password }));
  live.connect();
  invalidate('/');
}

export async function signOut(): Promise<void> {
  await del('/api/v1/session');
  location.reload(); // nothing that was shown stays in memory
}

export function watchSession(): void {
  // Asked when the server refuses something, not at every start: on one's own machine nobody is asked.
  whenUnauthorized(() => void loadSession());
}
