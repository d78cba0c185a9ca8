// The interface counts bytes of UTF-8; strings here are UTF-16. These turn one into the other.

/** How many bytes a code point has in UTF-8. */
const width = (code: number): number =>
  code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

/** The index in `text` of each byte offset; `offsets` ascend. One inside a character is moved to its
 * begin, one behind the end to the end. */
export function indexOfBytes(text: string, offsets: number[]): number[] {
  const out: number[] = [];
  let byte = 0;
  let i = 0;
  for (const offset of offsets) {
    while (i < text.length) {
      const code = text.codePointAt(i)!;
      const n = width(code);
      if (byte + n > offset) break;
      byte += n;
      i += code > 0xffff ? 2 : 1;
    }
    out.push(i);
  }
  return out;
}

export interface Piece {
  text: string;
  mark: boolean;
}

/** `text` from byte `from` to `to`, cut where marks (byte ranges) begin and end. Marks that overlap
 * are one; what of them lies outside is cut off. */
export function pieces(
  text: string,
  marks: readonly (readonly [number, number])[],
  from = 0,
  to = Infinity,
): Piece[] {
  const inside = marks
    .map(([a, b]): [number, number] => [Math.max(a, from), Math.min(b, to)])
    .filter(([a, b]) => a < b)
    .sort((x, y) => x[0] - y[0]);
  const joined: [number, number][] = [];
  for (const m of inside) {
    const last = joined[joined.length - 1];
    if (last && m[0] <= last[1]) last[1] = Math.max(last[1], m[1]);
    else joined.push([...m]);
  }
  const cuts = indexOfBytes(text, [from, ...joined.flat(), to]);
  const out: Piece[] = [];
  for (let k = 0; k + 1 < cuts.length; k++) {
    const part = text.slice(cuts[k], cuts[k + 1]);
    if (part) out.push({ text: part, mark: k % 2 === 1 });
  }
  return out;
}

export const byteLength = (text: string): number => new TextEncoder().encode(text).length;
