// Numbers and times as a person reads them.

import { store } from './store';

export const bytesText = (n: number): string =>
  n < 1024
    ? `${n} B`
    : n < 1 << 20
      ? `${(n / 1024).toFixed(0)} KiB`
      : n < 1 << 30
        ? `${(n / (1 << 20)).toFixed(1)} MiB`
        : `${(n / (1 << 30)).toFixed(2)} GiB`;

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

export const secondsText = (s: number): string =>
  s < 0.001
    ? `${(s * 1e6).toFixed(0)} µs`
    : s < 1
      ? `${(s * 1000).toFixed(s < 0.01 ? 1 : 0)} ms`
      : `${s.toFixed(s < 10 ? 2 : 1)} s`;

/** The person's zone, when another than the browser's is set: every time shown is that zone's. */
export const zone = store<string | null>(null);
let clock: Intl.DateTimeFormat | null = null;
export function setZone(name: string | null): void {
  clock = null;
  try {
    if (name)
      clock = new Intl.DateTimeFormat('en-GB', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
  } catch {
    /* a zone that this browser does not know: its own */
  }
  zone.set(clock ? name : null);
}
export const zoneName = (): string =>
  zone.get() ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What clocks show there at this instant, as a Date whose local members say it. */
export function wall(at: Date): Date {
  if (!clock) return at;
  const p = Object.fromEntries(clock.formatToParts(at).map((x) => [x.type, Number(x.value)]));
  return new Date(p.year!, p.month! - 1, p.day, p.hour, p.minute, p.second);
}
export const wallNow = (): Date => wall(new Date());

const DAY = 86400000;
export const startOfDay = (d: Date): Date => new Date(d.getFullYear(), d.getMonth(), d.getDate());
export const dayKey = (d: Date): string =>
  `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, '0')}-${String(d.getDate()).padStart(2, '0')}`;
export const addDays = (d: Date, n: number): Date =>
  new Date(d.getFullYear(), d.getMonth(), d.getDate() + n);

/** A day as it is called from `now`: today, tomorrow, Friday, 3 December. */
export function dayText(at: Date, now: Date): string {
  const days = Math.round((startOfDay(at).getTime() - startOfDay(now).getTime()) / DAY);
  if (days === 0) return 'today';
  if (days === 1) return 'tomorrow';
  if (days === -1) return 'yesterday';
  if (days > 1 && days < 7) return at.toLocaleDateString('en-GB', { weekday: 'long' });
  return at.toLocaleDateString('en-GB', {
    day: 'numeric',
    month: days > -180 && days < 180 ? 'short' : 'long',
    year: at.getFullYear() === now.getFullYear() ? undefined : 'numeric',
  });
}

export const clockText = (at: Date): string =>
  at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });

/** An instant; a whole day is that day here, whatever zone it was said in. */
export function dateOf(iso: string, timed: boolean): Date {
  const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(iso);
  return timed || !day
    ? wall(new Date(iso))
    : new Date(Number(day[1]), Number(day[2]) - 1, Number(day[3]));
}

export function whenText(iso: string, timed: boolean, now = wallNow()): string {
  const at = dateOf(iso, timed);
  const day = dayText(at, now);
  return timed ? `${day}, ${clockText(at)}` : day;
}

export function agoText(iso: string, now = new Date()): string {
  const s = (now.getTime() - new Date(iso).getTime()) / 1000;
  if (s < 60) return 'just now';
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ago`;
  return dayText(wall(new Date(iso)), wall(now));
}

/** 83 seconds are 1:23. */
export function spanText(seconds: number): string {
  const s = Math.floor(seconds);
  const tail = `${String(Math.floor(s / 60) % 60)}:${String(s % 60).padStart(2, '0')}`;
  return s < 3600 ? tail : `${Math.floor(s / 3600)}:${tail.padStart(5, '0')}`;
}

export const baseName = (path: string): string => path.replace(/\/+$/, '').split('/').pop() || path;

const TYPES: Record<string, string> = {
  pdf: 'PDF',
  docx: 'Word',
  xlsx: 'Excel',
  pptx: 'PowerPoint',
  csv: 'Table',
  html: 'Web page',
  markdown: 'Markdown',
  text: 'Text',
  email: 'Mail',
  mbox: 'Mailbox',
  epub: 'Book',
  json: 'JSON',
  image: 'Image',
  audio: 'Sound',
  ics: 'Calendar',
  rtf: 'RTF',
  odt: 'Document',
  ods: 'Sheet',
  odp: 'Slides',
  calendar: 'Calendar',
  sound: 'Sound',
};
const SHORT: Record<string, string> = {
  pdf: 'PDF',
  docx: 'DOC',
  xlsx: 'XLS',
  pptx: 'PPT',
  csv: 'CSV',
  html: 'HTML',
  markdown: 'MD',
  text: 'TXT',
  email: 'MAIL',
  mbox: 'MAIL',
  epub: 'BOOK',
  json: 'JSON',
  image: 'IMG',
  audio: 'SND',
  sound: 'SND',
  ics: 'CAL',
  calendar: 'CAL',
};
export const typeShort = (type: string): string => SHORT[type] ?? type.slice(0, 4).toUpperCase();
export const typeText = (type: string): string => TYPES[type] ?? type;
