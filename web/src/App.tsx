// The shell: where one can go, what is open, what came due, whether the server is there.
import { Fragment, lazy, Suspense, useEffect, useState } from 'react';
import { zone } from './state/format';
import { due } from './state/reminders';
import { liveState } from './state/live';
import { reader, searchOpen } from './state/reader';
import { href, route, type Screen } from './state/route';
import { session } from './state/session';
import { useStore } from './state/store';
import { toasts } from './state/toasts';
import { Due } from './ui/Due';
import { Guard } from './ui/Guard';
import { Icon, Mark } from './ui/icons';
import { Button, Skeleton } from './ui/kit';

const screens: Record<Screen, ReturnType<typeof lazy>> = {
  today: lazy(() => import('./screens/today/Today')),
  talk: lazy(() => import('./screens/talk/Talk')),
  library: lazy(() => import('./screens/library/Library')),
  tasks: lazy(() => import('./screens/tasks/Tasks')),
  memory: lazy(() => import('./screens/memory/Memory')),
  system: lazy(() => import('./screens/system/System')),
};
const Reader = lazy(() => import('./screens/library/Reader'));
const Palette = lazy(() => import('./screens/search/Palette'));
const SignIn = lazy(() => import('./screens/system/SignIn'));

const NAMES: Record<Screen, string> = {
  today: 'Today',
  talk: 'Conversation',
  library: 'Library',
  tasks: 'Tasks',
  memory: 'Memory',
  system: 'System',
};
const SHORT: Partial<Record<Screen, string>> = { talk: 'Talk' };
const list = Object.keys(NAMES) as Screen[];

/** A moment's gap is no news: only what lasts is told. */
function useOffline(): boolean {
  const state = useStore(liveState);
  const [long, setLong] = useState(false);
  useEffect(() => {
    if (state !== 'offline') {
      setLong(false);
      return undefined;
    }
    const timer = setTimeout(() => setLong(true), 700);
    return () => clearTimeout(timer);
  }, [state]);
  return long;
}

function Link({ to, short }: { to: Screen; short?: boolean }) {
  const { screen } = useStore(route);
  const waiting = useStore(due, (d) => d.length);
  return (
    <a
      href={href(to)}
      aria-current={to === screen ? 'page' : undefined}
      aria-label={NAMES[to]}
      title={NAMES[to]}
    >
      <Icon name={to} size={22} />
      <span className="label">{short ? (SHORT[to] ?? NAMES[to]) : NAMES[to]}</span>
      {to === 'today' && waiting > 0 && (
        <span className="badge">
          {waiting}
          <span className="sr"> waiting</span>
        </span>
      )}
    </a>
  );
}

/** A telephone's bar at the bottom: search stands in its middle. */
function TabBar() {
  return (
    <nav className="tabbar" aria-label="Screens">
      {list.map((s) => (
        <Fragment key={s}>
          {s === 'tasks' && (
            <button
              type="button"
              aria-label="Search everything"
              onClick={() => searchOpen.set(true)}
            >
              <Icon name="search" size={22} />
              <span className="label">Search</span>
            </button>
          )}
          <Link to={s} short />
        </Fragment>
      ))}
    </nav>
  );
}

function Status() {
  const state = useStore(liveState);
  const text = {
    open: 'on this machine, live',
    connecting: 'connecting',
    offline: 'not connected',
  }[state];
  return (
    <p className="status" data-state={state} role="status" id="state">
      <i />
      <span className="label">{text}</span>
      <span className="sr">{text}</span>
    </p>
  );
}

function Toasts() {
  const all = useStore(toasts);
  return (
    <div className="toasts" role="region" aria-label="Notices" aria-live="polite">
      {all.map((t) => (
        <div key={t.key} className={`toast ${t.bad ? 'bad' : ''}`}>
          <span className="grow">{t.text}</span>
          {t.action && (
            <Button slim onClick={t.action.run}>
              {t.action.label}
            </Button>
          )}
        </div>
      ))}
    </div>
  );
}

export function App() {
  const { screen } = useStore(route);
  const who = useStore(session);
  const document_ = useStore(reader);
  const finding = useStore(searchOpen);
  const away = useOffline();
  useStore(zone); // every time on the page is that zone's
  const Current = screens[screen];

  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'k') {
        e.preventDefault();
        searchOpen.set(!searchOpen.get());
      }
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);
  useEffect(() => {
    document.title = `${NAMES[screen]} · Sotto`;
    scrollTo(0, 0);
  }, [screen]);

  if (who?.must_sign_in && !who.signed_in)
    return (
      <Suspense fallback={null}>
        <SignIn />
      </Suspense>
    );
  return (
    <div className="app">
      <a
        className="skip"
        href="#content"
        onClick={(e) => {
          e.preventDefault();
          document.getElementById('content')?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className="side">
        <a className="brand" href={href('today')} aria-label="Sotto, today">
          <Mark />
          <span>Sotto</span>
        </a>
        <button
          type="button"
          className="find"
          onClick={() => searchOpen.set(true)}
          aria-label="Search everything"
          title="Search everything"
        >
          <Icon name="search" />
          <span className="label">Search</span>
          <kbd>Ctrl K</kbd>
        </button>
        <nav aria-label="Screens">
          {list.map((s) => (
            <Link key={s} to={s} />
          ))}
        </nav>
        <div className="foot">
          <Status />
        </div>
      </header>
      <main className="main" id="content" tabIndex={-1}>
        {away && (
          <div className="banner" role="alert">
            <Icon name="warn" />
            <span>
              Sotto does not answer. What you see may be old; what you write is kept and sent when
              it is back.
            </span>
          </div>
        )}
        <Due />
        <Suspense
          fallback={
            <div className="page">
              <Skeleton lines={3} height={7} />
            </div>
          }
        >
          <Guard key={screen}>
            <Current />
          </Guard>
        </Suspense>
      </main>
      <TabBar />
      <Suspense fallback={null}>
        {finding && (
          <Guard>
            <Palette />
          </Guard>
        )}
        {document_ && (
          <Guard>
            <Reader />
          </Guard>
        )}
      </Suspense>
      <Toasts />
    </div>
  );
}
