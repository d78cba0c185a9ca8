// node pack.mjs OUT.c DIST LITE: the page's files as C, each as it is and compressed, for src/api/assets.h.
// The assembler reads the files themselves (.incbin), so that the compiler does not parse megabytes.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const [out, dist, lite] = process.argv.slice(2);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
};
// vite names a file after its content: such a name never means anything else again.
const HASHED = /-[A-Za-z0-9_-]{8}\.(js|css)$/;

const packed = join(dist, '..', 'packed');
rmSync(packed, { recursive: true, force: true });
mkdirSync(packed, { recursive: true });

const files = readdirSync(dist).map((name) => [name, join(dist, name)]);
for (const name of readdirSync(lite)) {
  const as = name === 'index.html' ? 'lite.html' : name;
  if (!files.some(([known]) => known === as)) files.push([as, join(lite, name)]);
}
files.sort(([a], [b]) => (a < b ? -1 : 1));

let symbols = 0;
let code = '';
function embed(bytes, ending) {
  if (!bytes) return 'NULL, 0';
  const n = symbols++;
  const path = resolve(packed, `${n}${ending}`);
  writeFileSync(path, bytes);
  code += `__asm__(".section .rodata\\n.local page_${n}\\npage_${n}:\\n.incbin \\"${path}\\"\\n.byte 0\\n.text\\n");\n`;
  code += `extern const unsigned char page_${n}[];\n`;
  return `page_${n}, ${bytes.length}`;
}

let table = '';
let script = 0;
for (const [name, path] of files) {
  const bytes = readFileSync(path);
  const type = TYPES[extname(name)];
  if (!type) throw new Error(`${basename(path)}: no media type is known for it`);
  const small = (b) => (b.length < bytes.length * 0.95 ? b : null);
  const br = small(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  const gz = small(gzipSync(bytes, { level: 9 }));
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  table += `    {"${name}", "${type}", "${hash}", ${embed(bytes, '')}, ${embed(br, '.br')},\n`;
  table += `     ${embed(gz, '.gz')}, ${HASHED.test(name)}},\n`;
  if (name.endsWith('.js')) script += (br ?? bytes).length;
}
writeFileSync(out, `/* Made by web/pack.mjs; do not edit. */
#include "api/assets.h"

${code}
const Asset assets_table[] = {
${table}};
const size_t assets_count = ${files.length};
`);
console.error(`page: ${files.length} files, ${Math.round(script / 1024)} KiB of script in all, compressed`);
