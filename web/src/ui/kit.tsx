// The parts that every screen is made of.
import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { bytesText } from '../state/format';
import type { Screen } from '../state/route';
import { Icon } from './icons';

type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  kind?: 'primary' | 'danger' | 'quiet';
  slim?: boolean;
  icon?: string;
};

export function Button({ kind, slim, icon, children, className = '', ...rest }: ButtonProps) {
  const square = icon && !children;
  return (
    <button
      type="button"
      {...rest}
      className={`btn ${kind ?? ''} ${slim ? 'slim' : ''} ${square ? 'square' : ''} ${className}`}
    >
      {icon && <Icon name={icon} size={slim ? 16 : 20} />}
      {children}
    </button>
  );
}

/** A button that is an icon only: `label` is its name, and its tooltip. */
export function IconButton({ label, ...rest }: ButtonProps & { label: string; icon: string }) {
  return <Button kind="quiet" aria-label={label} title={label} {...rest} />;
}

export function Chip({
  tone = '',
  icon,
  children,
}: {
  tone?: string;
  icon?: string;
  children: ReactNode;
}) {
  return (
    <span className={`chip ${tone}`}>
      {icon && <Icon name={icon} size={14} />}
      <span className="cut">{children}</span>
    </span>
  );
}

export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly (readonly [T, string])[];
  onChange: (v: T) => void;
}) {
  return (
    <div className="seg" role="group" aria-label={label}>
      {options.map(([v, text]) => (
        <button key={v} type="button" aria-pressed={v === value} onClick={() => onChange(v)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export interface Part {
  name: string;
  value: number;
  colour: string;
}
/** Shares of a whole, as a bar with its legend. */
export function ShareBar({ parts, label }: { parts: Part[]; label: string }) {
  const all = parts.reduce((n, p) => n + p.value, 0) || 1;
  return (
    <figure className="stack share-bar">
      <div
        className="bar"
        role="img"
        aria-label={`${label}: ${parts.map((p) => `${p.value} ${p.name}`).join(', ')}`}
      >
        {parts.map((p) => (
          <i key={p.name} style={{ width: `${(p.value / all) * 100}%`, background: p.colour }} />
        ))}
      </div>
      <figcaption className="row wrap small num">
        {parts
          .filter((p) => p.value)
          .map((p) => (
            <span key={p.name} className="row legend">
              <i style={{ background: p.colour }} />
              {p.value.toLocaleString('en')} {p.name}
            </span>
          ))}
      </figcaption>
    </figure>
  );
}

export function Progress({ share, label }: { share: number; label: string }) {
  const percent = Math.round(Math.max(0, Math.min(1, share)) * 100);
  return (
    <div
      className="bar"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      <i style={{ width: `${percent}%`, background: 'var(--blue)' }} />
    </div>
  );
}

export function Problem({ text, again }: { text: string; again?: () => void }) {
  return (
    <div className="problem" role="alert">
      <Icon name="warn" />
      <span className="grow">{text}</span>
      {again && (
        <Button slim onClick={again}>
          Try again
        </Button>
      )}
    </div>
  );
}

export function Skeleton({ lines = 3, height = 3.5 }: { lines?: number; height?: number }) {
  return (
    <div className="stack" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <div key={i} className="skel" style={{ height: `${height}rem` }} />
      ))}
    </div>
  );
}

// ---- the composition at the head of each screen -----------------------------------------------------

type Tile = [shape: string, front: string, back: string];
const B = 'var(--blue)';
const O = 'var(--orange)';
const V = 'var(--violet)';
const G = 'var(--green)';
const I = 'hsl(240 10% 10%)';
const W = '#fff';
const P = 'var(--paper)';
const TILES: Record<Screen, Tile[]> = {
  today: [
    ['half', O, B],
    ['circle', W, O],
    ['quarter', I, V],
    ['bars', W, I],
  ],
  talk: [
    ['quarter3', P, B],
    ['circle', V, I],
    ['rings', O, P],
    ['half2', I, O],
  ],
  library: [
    ['bars', W, I],
    ['square', O, B],
    ['quarter', P, V],
    ['bars2', I, O],
  ],
  tasks: [
    ['circle', G, P],
    ['quarter2', P, I],
    ['half', W, B],
    ['square', I, O],
  ],
  memory: [
    ['quarter', V, I],
    ['quarter3', P, B],
    ['rings', W, V],
    ['circle', I, O],
  ],
  system: [
    ['bars2', B, I],
    ['half2', O, P],
    ['quarter2', P, G],
    ['circle', W, V],
  ],
};
const DRAW: Record<string, (f: string) => ReactNode> = {
  circle: (f) => <circle cx="8" cy="8" r="5" fill={f} />,
  half: (f) => <path d="M1 8a7 7 0 0 1 14 0z" fill={f} />,
  half2: (f) => <path d="M8 1a7 7 0 0 1 0 14z" fill={f} />,
  quarter: (f) => <path d="M0 0h16A16 16 0 0 1 0 16z" fill={f} />,
  quarter2: (f) => <path d="M16 16H0A16 16 0 0 1 16 0z" fill={f} />,
  quarter3: (f) => <path d="M0 16V0a16 16 0 0 1 16 16z" fill={f} />,
  square: (f) => <path d="m8 2.500 5.500 5.500L8 13.500 2.500 8z" fill={f} />,
  bars: (f) => <path d="M3 3h2v10H3zM7 3h2v10H7zM11 3h2v10h-2z" fill={f} />,
  bars2: (f) => <path d="M3 9h2v4H3zM7 6h2v7H7zM11 3h2v10h-2z" fill={f} />,
  rings: (f) => (
    <g fill="none" stroke={f} strokeWidth="1.500">
      <circle cx="8" cy="8" r="2" />
      <circle cx="8" cy="8" r="5.500" />
    </g>
  ),
};

export function Motif({ screen }: { screen: Screen }) {
  return (
    <div className="motif" aria-hidden="true">
      {TILES[screen].map(([shape, front, back], i) => (
        <svg key={i} viewBox="0 0 16 16">
          <path d="M0 0h16v16H0z" fill={back} />
          {DRAW[shape]!(front)}
        </svg>
      ))}
    </div>
  );
}

export function Top({
  screen,
  title,
  lead,
  children,
}: {
  screen: Screen;
  title: ReactNode;
  lead?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="top">
      <h1>{title}</h1>
      <Motif screen={screen} />
      {lead && <p className="lead">{lead}</p>}
      {children && <div className="acts">{children}</div>}
    </header>
  );
}

export const Size = ({ bytes }: { bytes: number }) => (
  <span className="num nowrap">{bytesText(bytes)}</span>
);
