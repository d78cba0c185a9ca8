// Starts the page when the server is not there: it then says so, and comes back by itself. Only the
// page's own files are kept, never an answer of the interface: what is private stays on the server.
const CACHE = 'sotto-page-1';
const hashed = /-[A-Za-z0-9_-]{8}\.(js|css)$/;

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((c) => c.add('/')).then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(self.clients.claim());
});

async function keep(request, answer) {
  if (answer.ok) await (await caches.open(CACHE)).put(request, answer.clone());
  return answer;
}

// Files of builds before this one: no page names them any more.
async function sweep(page) {
  const cache = await caches.open(CACHE);
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname;
    if (hashed.test(path) && page && !(await known(page)).has(path)) await cache.delete(request);
  }
}
async function known(page) {
  const text = await page.clone().text();
  const first = [...text.matchAll(/\/assets\/[\w.-]+/g)].map((m) => m[0]);
  const all = new Set(first);
  for (const path of first.filter((p) => p.endsWith('.js'))) {
    const file = await caches.match(path);
    if (file) for (const m of (await file.text()).matchAll(/[\w-]+-[\w-]{8}\.(?:js|css)/g)) all.add('/assets/' + m[0]);
  }
  return all;
}

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== location.origin) return;
  if (url.pathname === '/' && event.request.mode === 'navigate') {
    event.respondWith(fetch(event.request)
      .then((a) => { event.waitUntil(sweep(a.clone())); return keep('/', a); })
      .catch(() => caches.match('/')));
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(hashed.test(url.pathname)
      ? caches.match(event.request).then((hit) => hit || fetch(event.request).then((a) => keep(event.request, a)))
      : fetch(event.request).then((a) => keep(event.request, a)).catch(() => caches.match(event.request)));
  }
});
