// Geometric icons on a grid of 24: circles, quarters and straight lines, one weight.
import type { ReactNode } from 'react';

const line = {
  fill: 'none',
  stroke: 'currentColor',
  strokeWidth: 2,
  strokeLinecap: 'round' as const,
  strokeLinejoin: 'round' as const,
};

const SHAPES: Record<string, ReactNode> = {
  today: (
    <>
      <circle cx="12" cy="12" r="4.5" fill="currentColor" />
      <path
        {...line}
        d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4"
      />
    </>
  ),
  talk: <path {...line} d="M4 5h16v11h-9l-4.5 4v-4H4z" />,
  library: (
    <>
      <path {...line} d="M4 4h5v16H4zM9 4h5v16H9z" />
      <path {...line} d="m14.5 5.5 4-1 3 15-4 1z" />
    </>
  ),
  tasks: (
    <>
      <path {...line} d="M20.5 12a8.5 8.5 0 1 1-4-7.2" />
      <path {...line} d="m8 11.5 3.5 3.5L21 5.5" />
    </>
  ),
  memory: (
    <>
      <path {...line} d="M12 3a9 9 0 0 0-9 9h9zM12 21a9 9 0 0 0 9-9h-9z" />
      <path fill="currentColor" d="M13.5 3.2a9 9 0 0 1 7.3 7.3h-7.3z" />
    </>
  ),
  system: <path {...line} d="M3 12h4l2.5-7 5 14L17 12h4" />,
  search: (
    <>
      <circle {...line} cx="10.5" cy="10.5" r="6.5" />
      <path {...line} d="m15.5 15.5 5.5 5.5" />
    </>
  ),
  mic: (
    <>
      <rect x="8.5" y="2.5" width="7" height="12" rx="3.5" fill="currentColor" />
      <path {...line} d="M5 11.5a7 7 0 0 0 14 0M12 18.5v3" />
    </>
  ),
  stop: <rect x="6" y="6" width="12" height="12" rx="2" fill="currentColor" />,
  send: <path {...line} d="M12 20V4M5 11l7-7 7 7" />,
  close: <path {...line} d="m6 6 12 12M18 6 6 18" />,
  plus: <path {...line} d="M12 5v14M5 12h14" />,
  check: <path {...line} d="m5 12.5 4.5 4.5L19 7" />,
  trash: <path {...line} d="M4 6.5h16M9 6V3.5h6V6M6.5 6.5l1 14h9l1-14" />,
  edit: <path {...line} d="M4 20h4L19 9l-4-4L4 16zM13 7l4 4" />,
  clock: (
    <>
      <circle {...line} cx="12" cy="12" r="9" />
      <path {...line} d="M12 7v5l3.5 2" />
    </>
  ),
  play: <path fill="currentColor" d="M7 4.5v15l12.5-7.5z" />,
  file: <path {...line} d="M6 3h8l4 4v14H6zM14 3v4h4" />,
  folder: <path {...line} d="M3 6h6l2 2.5h10V19H3z" />,
  upload: <path {...line} d="M12 16V4M7 9l5-5 5 5M4 20h16" />,
  download: <path {...line} d="M12 4v12M7 11l5 5 5-5M4 20h16" />,
  copy: <path {...line} d="M8 8h12v12H8zM16 8V4H4v12h4" />,
  left: <path {...line} d="m14.5 5-7 7 7 7" />,
  right: <path {...line} d="m9.5 5 7 7-7 7" />,
  down: <path {...line} d="m5 9.5 7 7 7-7" />,
  undo: <path {...line} d="M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3" />,
  calendar: <path {...line} d="M4 5.5h16V20H4zM4 10h16M8.5 3v4M15.5 3v4" />,
  list: <path {...line} d="M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01" />,
  bell: <path {...line} d="M6 17V10a6 6 0 0 1 12 0v7l1.5 1.5h-15zM10 21.5h4" />,
  warn: <path {...line} d="M12 4 2.5 20h19zM12 10v4.5M12 17.5h.01" />,
  quote: (
    <path
      fill="currentColor"
      d="M4 6h7v6a6 6 0 0 1-6 6v-3a3 3 0 0 0 3-3H4zM13.500 6h7v6a6 6 0 0 1-6 6v-3a3 3 0 0 0 3-3h-4z"
    />
  ),
  menu: <path {...line} d="M4 7h16M4 12h16M4 17h16" />,
  lock: <path {...line} d="M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3" />,
  tag: <path {...line} d="M4 4h8l8 8-8 8-8-8zM8.500 8.500h.01" />,
  globe: (
    <>
      <circle {...line} cx="12" cy="12" r="9" />
      <path {...line} d="M3 12h18M12 3c5 5 5 13 0 18M12 3c-5 5-5 13 0 18" />
    </>
  ),
};

export type IconName = string;
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      className="icon"
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      viewBox="0 0 24 24"
      aria-hidden="true"
    >
      {SHAPES[name] ?? null}
    </svg>
  );
}

/** The mark: a semicircle that speaks, a quarter that listens, a dot. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg
      className="brand-mark"
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      viewBox="10 10 44 44"
      aria-hidden="true"
    >
      <path d="M14 32a18 18 0 0 1 36 0z" fill="var(--blue)" />
      <path d="M14 35h18v15A18 18 0 0 1 14 35z" fill="var(--violet)" />
      <circle cx="43" cy="42.500" r="7.500" fill="var(--orange)" />
    </svg>
  );
}
