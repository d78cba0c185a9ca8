// Settings live on the server (GET, PATCH /api/v1/settings); this machine only remembers the theme,
// for the first paint of the next visit.
import { get, patch } from '../api/client';
import type { Setting } from '../api/types';
import { setZone } from './format';
import { live } from './live';
import { store } from './store';

export const settings = store<Record<string, Setting>>({});

export const settingValue = (name: string, fallback: string): string =>
  settings.get()[name]?.value ?? fallback;

export function applyTheme(theme: string): void {
  const fixed = theme === 'light' || theme === 'dark';
  if (fixed) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  try {
    if (fixed) localStorage.setItem('sotto.theme', theme);
    else localStorage.removeItem('sotto.theme');
  } catch {
    /* storage is switched off: the first paint follows the system */
  }
}

function applyMotion(value: string): void {
  if (value === 'yes') document.documentElement.dataset.motion = 'none';
  else delete document.documentElement.dataset.motion;
}

function take(list: Setting[]): void {
  const all = Object.fromEntries(list.map((s) => [s.name, s]));
  settings.set(all);
  if (all.theme) applyTheme(all.theme.value);
  if (all.zone) setZone(all.zone.value || null);
  if (all.reduce_motion) applyMotion(all.reduce_motion.value);
}

export async function loadSettings(): Promise<void> {
  take((await get<{ settings: Setting[] }>('/api/v1/settings')).settings);
}

/** null: back to the default. */
export async function changeSetting(name: string, value: string | null): Promise<void> {
  if (name === 'theme') applyTheme(value ?? 'system'); // seen at once, kept when the server has it
  take(
    (await patch<{ settings: Setting[] }>('/api/v1/settings', { values: { [name]: value } }))
      .settings,
  );
  channel?.postMessage('settings');
}

/** Another window of this browser changed something that the server does not tell by itself. */
const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('sotto');
export function watchSettings(): void {
  channel?.addEventListener('message', (e) => {
    if (e.data === 'settings') void loadSettings().catch(() => undefined);
  });
  live.on('open', () => void loadSettings().catch(() => undefined));
}
