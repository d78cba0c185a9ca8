import { describe, expect, it } from 'vitest';
import { byteLength, indexOfBytes, pieces } from '../src/state/bytes';

const TEXT = 'a\u00e9\u20ac\u{1f600}z'; // 1, 2, 3, 4 and 1 bytes

describe('byte offsets', () => {
  it('find characters of every width', () => {
    expect(indexOfBytes(TEXT, [0, 1, 3, 6, 10, 11])).toEqual([0, 1, 2, 3, 5, 6]);
  });
  it('inside a character mean its begin, behind the end the end', () => {
    expect(indexOfBytes(TEXT, [2, 5, 9, 99])).toEqual([1, 2, 3, 6]);
  });
  it('agree with the encoder for any cut', () => {
    const text = 'Grüße aus Łódź: 120 € für 👩‍🚀 – naïve\u0000x';
    for (let i = 0; i <= text.length; i++) {
      if (i > 0 && /[\ud800-\udbff]/.test(text[i - 1]!)) continue;
      expect(indexOfBytes(text, [byteLength(text.slice(0, i))])).toEqual([i]);
    }
  });
});

describe('pieces', () => {
  const marked = (p: ReturnType<typeof pieces>) =>
    p.map((x) => (x.mark ? `[${x.text}]` : x.text)).join('');
  it('mark exactly the bytes', () => {
    expect(marked(pieces('die Miete: 950 €.', [[11, 18]]))).toBe('die Miete: [950 €].');
  });
  it('join marks that touch or overlap and cut what lies outside', () => {
    expect(
      marked(
        pieces(
          'abcdefgh',
          [
            [4, 6],
            [1, 3],
            [2, 4],
          ],
          2,
          7,
        ),
      ),
    ).toBe('[cdef]g');
  });
  it('lose nothing', () => {
    const text = 'ein Satz — mit allem 😀, was dazugehört';
    expect(
      pieces(text, [
        [3, 9],
        [12, 20],
      ])
        .map((p) => p.text)
        .join(''),
    ).toBe(text);
  });
  it('bear no marks and empty text', () => {
    expect(pieces('', [[0, 4]])).toEqual([]);
    expect(pieces('x', [])).toEqual([{ text: 'x', mark: false }]);
  });
});
