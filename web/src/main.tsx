import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App';
import { live } from './state/live';
import { watchLive } from './state/resource';
import { watchReminders } from './state/reminders';
import { watchRoute } from './state/route';
import { watchSession } from './state/session';
import { watchSettings } from './state/settings';
import { watchTalk } from './state/talk';
import { watchLeaving } from './state/undo';
import { watchVoice } from './voice/voice';
import './ui/base.css';
import './ui/shell.css';
import './ui/parts.css';

watchRoute();
watchLive();
watchReminders();
watchSettings();
watchTalk();
watchVoice();
watchLeaving();
watchSession();
live.connect();
addEventListener('online', () => live.connect());
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) live.connect();
});
if ('serviceWorker' in navigator && window.isSecureContext)
  addEventListener(
    'load',
    () =>
      void navigator.serviceWorker.register('/assets/sw.js', { scope: '/' }).catch(() => undefined),
  );

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
