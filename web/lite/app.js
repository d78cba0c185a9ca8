// The first page: add files, search, read where it says so. No framework, nothing from elsewhere.
'use strict';
const $ = (id) => document.getElementById(id);
const api = '/api/v1/knowledge';
const el = (tag, props = {}, ...kids) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...kids);
  return node;
};

// Offsets of the contract are bytes of UTF-8; strings here are UTF-16.
const slice = (bytes, from, to) => new TextDecoder().decode(bytes.subarray(from, to));
// In a hit, empty lines only push the next one away; the reader shows the text as it is.
const tight = (bytes, from, to) => slice(bytes, from, to).replace(/\s*\n\s*\n\s*/g, '\n');
const size = (n) => n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(0)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;

async function call(path, options) {
  const answer = await fetch(path, options);
  if (answer.status === 204) return null;
  const body = await answer.json().catch(() => ({ detail: `status ${answer.status}` }));
  if (!answer.ok) throw new Error(body.detail || body.title || `status ${answer.status}`);
  return body;
}

// ---- search -------------------------------------------------------------------------------
let asked = 0;

function passage(doc, match) {
  const bytes = new TextEncoder().encode(match.text);
  const cut = match.snippet && match.snippet.end > match.snippet.start ? match.snippet : { start: 0, end: bytes.length };
  const quote = el('blockquote');
  let at = cut.start;
  if (cut.start > 0) quote.append('… ');
  for (const [from, to] of match.marks || []) {
    if (from < at || to > cut.end) continue;
    quote.append(tight(bytes, at, from), el('mark', { textContent: slice(bytes, from, to) }));
    at = to;
  }
  quote.append(tight(bytes, at, cut.end));
  if (cut.end < bytes.length) quote.append(' …');
  const why = [];
  if (match.page) why.push(`page ${match.page}`);
  if (match.similarity !== null) why.push(`similarity ${match.similarity.toFixed(2)}`);
  if (match.keyword_rank) why.push(`words: rank ${match.keyword_rank}`);
  if (match.vector_rank) why.push(`meaning: rank ${match.vector_rank}`);
  const open = el('button', { type: 'button', className: 'link', textContent: 'Show where it says that' });
  open.addEventListener('click', () => read(doc.id, match.start, match.end, match.page));
  return [quote, el('p', { className: 'why' }, open, ` · ${why.join(' · ')}`)];
}

async function search(text) {
  const turn = ++asked;
  const box = $('results');
  if (!text.trim()) { box.hidden = true; return; }
  let found;
  try {
    found = await call(`${api}/search?q=${encodeURIComponent(text)}&content=none&limit=10`);
  } catch (e) {
    if (turn === asked) { box.replaceChildren(el('p', { className: 'why', textContent: e.message })); box.hidden = false; }
    return;
  }
  if (turn !== asked) return;
  const items = found.documents.map((doc) => el('article', { className: 'card' },
    el('h3', { textContent: doc.title }),
    el('p', { className: 'meta', textContent: [doc.metadata.file_type, doc.metadata.source].filter(Boolean).join(' · ') }),
    ...doc.matches.flatMap((m) => passage(doc, m))));
  const note = found.documents.length
    ? `${found.total} ${found.total === 1 ? 'document' : 'documents'} in ${found.cached ? 'no time, asked before' : `${found.query_time_ms.toFixed(1)} ms`}`
    : 'Nothing in your documents says anything about that.';
  box.replaceChildren(el('p', { className: 'why num', textContent: note }), ...items);
  box.hidden = false;
}

let typing;
$('q').addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => search($('q').value), 150); });
$('search').addEventListener('submit', (e) => { e.preventDefault(); clearTimeout(typing); search($('q').value); });
document.addEventListener('keydown', (e) => {
  if ((e.ctrlKey || e.metaKey) && e.key === 'k') { e.preventDefault(); $('q').focus(); }
});

// ---- reader -------------------------------------------------------------------------------
async function read(id, from, to, page) {
  try {
    const doc = await call(`${api}/documents/${id}`);
    const bytes = new TextEncoder().encode(doc.content);
    $('reader-title').textContent = doc.title;
    $('reader-original').href = `${api}/documents/${id}/original`;
    $('reader-where').textContent = to ? `bytes ${from} to ${to}${page ? `, page ${page}` : ''}` : (doc.metadata.summary || '');
    const hit = el('mark', { textContent: slice(bytes, from, to) });
    $('reader-text').replaceChildren(slice(bytes, 0, from), hit, slice(bytes, to));
    if (!$('reader').open) $('reader').showModal();
    if (to) hit.scrollIntoView({ block: 'center' });
    else $('reader-text').scrollTop = 0;
  } catch (e) { toast(e.message); }
}
$('reader-close').addEventListener('click', () => $('reader').close());

// ---- list, delete with undo ---------------------------------------------------------------
let cursor = null;
const hidden = new Set();

function row(doc) {
  const title = el('button', { type: 'button', className: 'link', textContent: doc.title });
  title.addEventListener('click', () => read(doc.id, 0, 0, null));
  const drop = el('button', { type: 'button', className: 'quiet', textContent: 'Delete' });
  drop.setAttribute('aria-label', `Delete ${doc.title}`);
  const item = el('li', {}, el('div', {}, title, el('p', { className: 'meta num',
    textContent: `${doc.metadata.file_type} · ${size(doc.bytes)} · ${doc.chunks} passages` })), drop);
  item.dataset.id = doc.id;
  drop.addEventListener('click', () => remove(doc, item));
  return item;
}

async function list(more) {
  try {
    const query = more && cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const page = await call(`${api}/documents?limit=50&content=none${query}`);
    cursor = page.next_cursor;
    const rows = page.documents.filter((d) => !hidden.has(d.id)).map(row);
    if (more) $('documents').append(...rows);
    else $('documents').replaceChildren(...rows);
    $('count').textContent = page.total;
    $('more').hidden = !cursor;
  } catch (e) { toast(e.message); }
}
$('more').addEventListener('click', () => list(true));

function remove(doc, item) {
  hidden.add(doc.id);
  item.hidden = true;
  const timer = setTimeout(async () => {
    try { await call(`${api}/documents/${doc.id}`, { method: 'DELETE' }); } catch (e) { toast(e.message); item.hidden = false; }
    hidden.delete(doc.id);
    list();
  }, 6000);
  toast(`“${doc.title}” will be deleted`, () => { clearTimeout(timer); hidden.delete(doc.id); item.hidden = false; });
}

let toastTimer;
function toast(text, undo) {
  clearTimeout(toastTimer);
  $('toast-text').textContent = text;
  $('toast-undo').hidden = !undo;
  $('toast-undo').onclick = () => { undo(); $('toast').hidden = true; };
  $('toast').hidden = false;
  toastTimer = setTimeout(() => { $('toast').hidden = true; }, 6000);
}

// ---- uploads: three at a time -------------------------------------------------------------
const waiting = [];
let running = 0;

function upload(file, source) {
  const note = el('span', { textContent: 'waiting' });
  const bar = el('progress', { max: 1, value: 0 });
  const item = el('li', {}, el('strong', { textContent: file.name }), ' ', note, bar);
  $('uploads').prepend(item);
  const done = (text, good) => {
    note.textContent = text;
    note.className = good ? 'good' : 'bad';
    bar.remove();
    if (good) setTimeout(() => item.remove(), 4000);
    running--;
    next();
  };
  waiting.push(() => {
    const form = new FormData();
    form.append('file', file, file.name);
    if (source) form.append('source', source);
    const req = new XMLHttpRequest();
    req.open('POST', `${api}/documents`);
    req.upload.onprogress = (e) => { if (e.lengthComputable) bar.value = e.loaded / e.total; note.textContent = 'reading'; };
    req.onload = () => {
      let body = {};
      try { body = JSON.parse(req.responseText); } catch { /* the status says enough */ }
      if (req.status === 201) done(`${body.chunks} passages`, true);
      else if (req.status === 200) done('already there', true);
      else done(body.detail || `status ${req.status}`, false);
    };
    req.onerror = () => done('the connection failed', false);
    req.send(form);
  });
  next();
}
function next() {
  while (running < 3 && waiting.length) { running++; waiting.shift()(); }
  if (!running) list();
}

async function walk(entry, path) {
  if (entry.isFile) return entry.file((f) => upload(f, path + entry.name));
  const reader = entry.createReader();
  for (;;) {
    const batch = await new Promise((ok, no) => reader.readEntries(ok, no));
    if (!batch.length) return undefined;
    for (const child of batch) await walk(child, `${path}${entry.name}/`);
  }
}
$('pick').addEventListener('click', () => $('file').click());
$('file').addEventListener('change', () => { for (const f of $('file').files) upload(f); $('file').value = ''; });
document.addEventListener('dragover', (e) => { e.preventDefault(); document.body.classList.add('dropping'); });
document.addEventListener('dragleave', (e) => { if (!e.relatedTarget) document.body.classList.remove('dropping'); });
document.addEventListener('drop', (e) => {
  e.preventDefault();
  document.body.classList.remove('dropping');
  const entries = [...e.dataTransfer.items].map((i) => i.webkitGetAsEntry && i.webkitGetAsEntry()).filter(Boolean);
  for (const entry of entries) walk(entry, '').catch((fault) => toast(fault.message));
});

// ---- live ---------------------------------------------------------------------------------
let pause = 500;
let refresh;
function connect() {
  const ws = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`);
  ws.onopen = () => {
    pause = 500;
    $('state').textContent = 'on this machine, live';
    $('state').className = 'on';
    ws.send(JSON.stringify({ type: 'Subscribe', data: { topics: ['documents'] } }));
    list();
  };
  ws.onmessage = (e) => {
    if (JSON.parse(e.data).type === 'DocumentUpdate') { clearTimeout(refresh); refresh = setTimeout(() => list(), 200); }
  };
  ws.onclose = () => {
    $('state').textContent = 'not connected: is Sotto running?';
    $('state').className = 'off';
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 10000);
  };
}
$('small').hidden = location.pathname !== '/';
connect();
list();
