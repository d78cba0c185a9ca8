// Text with marks at byte offsets.
import { useMemo } from 'react';
import { pieces } from '../state/bytes';

const tight = (s: string): string => s.replace(/\s*\n\s*\n\s*/g, '\n');

/** `words`: what is cut out begins and ends with whole words. */
export function Marked({
  text,
  marks,
  from,
  to,
  tighten,
  words,
}: {
  text: string;
  marks: readonly (readonly [number, number])[];
  from?: number;
  to?: number;
  tighten?: boolean;
  words?: boolean;
}) {
  const parts = useMemo(() => {
    const all = pieces(text, marks, from, to);
    const first = all[0];
    const last = all[all.length - 1];
    if (words && first && !first.mark && from) first.text = first.text.replace(/^\S*\s/, '');
    if (words && last && !last.mark && !text.endsWith(last.text))
      last.text = last.text.replace(/\s\S*$/, '');
    return all;
  }, [text, marks, from, to, words]);
  return (
    <>
      {parts.map((p, i) =>
        p.mark ? (
          <mark key={i}>{p.text}</mark>
        ) : (
          <span key={i}>{tighten ? tight(p.text) : p.text}</span>
        ),
      )}
    </>
  );
}
