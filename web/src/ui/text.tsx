// Text with marks at byte offsets.
import { useMemo } from 'react';
import { pieces } from '../state/bytes';

const tight = (s: string): string => s.replace(/\s*\n\s*\n\s*/g, '\n');

export function Marked({ text, marks, from, to, tighten }:
{ text: string; marks: readonly (readonly [number, number])[]; from?: number; to?: number; tighten?: boolean }) {
  const parts = useMemo(() => pieces(text, marks, from, to), [text, marks, from, to]);
  return <>{parts.map((p, i) => (p.mark ? <mark key={i}>{p.text}</mark> : <span key={i}>{tighten ? tight(p.text) : p.text}</span>))}</>;
}
