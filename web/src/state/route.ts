// Where one is: the part of the address behind '#', so that the server knows one page only and a
// reload, a link and the back button work. /library?document=ID&from=12&to=40 is a place.
import { store } from './store';

export const SCREENS = ['today', 'talk', 'library', 'tasks', 'memory', 'system'] as const;
export type Screen = (typeof SCREENS)[number];
export interface Route {
  screen: Screen;
  params: Record<string, string>;
}

export function readRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?');
  const screen = SCREENS.find((s) => s === path) ?? 'today';
  return { screen, params: Object.fromEntries(new URLSearchParams(search)) };
}

export function href(
  screen: Screen,
  params: Record<string, string | number | null | undefined> = {},
): string {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries(params))
    if (value !== null && value !== undefined && value !== '') q.set(name, String(value));
  const text = q.toString();
  return `#/${screen}${text ? `?${text}` : ''}`;
}

export const route = store<Route>(readRoute(typeof location === 'undefined' ? '' : location.hash));

export function go(
  screen: Screen,
  params: Record<string, string | number | null | undefined> = {},
): void {
  location.hash = href(screen, params);
}

/** Changes the parameters of where one is, without a step in the history. */
export function tune(params: Record<string, string | number | null | undefined>): void {
  const now = route.get();
  history.replaceState(null, '', href(now.screen, { ...now.params, ...params }));
  route.set(readRoute(location.hash));
}

export function watchRoute(): void {
  addEventListener('hashchange', () => route.set(readRoute(location.hash)));
}
