// Small drawings of numbers. Each has its figures as text for who does not see it.

/** A line over time; nulls are gaps. */
export function LineChart({
  series,
  label,
  top,
}: {
  series: { colour: string; values: (number | null)[] }[];
  label: string;
  top?: number;
}) {
  const w = 240;
  const h = 72;
  const all = series.flatMap((s) => s.values).filter((v): v is number => v !== null);
  if (!all.length)
    return (
      <p className="chart chart-empty small soft" role="img" aria-label={label}>
        Drawn as soon as something is measured.
      </p>
    );
  const max = Math.max(top ?? 0, ...all, 1e-9) * 1.1;
  const n = Math.max(12, ...series.map((s) => s.values.length));
  const x = (i: number) => 4 + (i / (n - 1)) * (w - 8);
  const y = (v: number) => h - 2 - (v / max) * (h - 6);
  return (
    <svg
      className="chart"
      viewBox={`0 0 ${w} ${h}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {[0.25, 0.5, 0.75].map((q) => (
        <path
          key={q}
          d={`M0 ${h * q}H${w}`}
          stroke="var(--line)"
          strokeWidth="1"
          vectorEffect="non-scaling-stroke"
        />
      ))}
      {series.map((s, k) => {
        const runs: string[] = [];
        let pen = false;
        s.values.forEach((v, i) => {
          if (v === null) {
            pen = false;
            return;
          }
          runs.push(`${pen ? 'L' : 'M'}${x(i).toFixed(1)} ${y(v).toFixed(1)}`);
          if (!pen && (i + 1 >= s.values.length || s.values[i + 1] === null)) runs.push(`h2`);
          pen = true;
        });
        const last = s.values.length - 1;
        const end = s.values[last];
        return (
          <g key={k} fill="none" stroke={s.colour} strokeLinejoin="round" strokeLinecap="round">
            <path d={runs.join('')} strokeWidth="2.5" vectorEffect="non-scaling-stroke" />
            {end !== null && end !== undefined && (
              <path
                d={`M${x(last).toFixed(1)} ${y(end).toFixed(1)}h0.01`}
                strokeWidth="8"
                vectorEffect="non-scaling-stroke"
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}

const percent = (v: number): string => `${Math.round(v * 100)} %`;

/** This week's share of documents against the share before, as two bars on one scale. */
export function AgainstBase({
  now,
  before,
  label,
}: {
  now: number;
  before: number;
  label: string;
}) {
  const max = Math.max(now, before, 1e-9);
  const width = (v: number): number => Math.max(0.6, (v / max) * 100);
  return (
    <div className="against-box">
      <svg
        className="against"
        viewBox="0 0 100 30"
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        <rect x="0" y="0" width={width(now)} height="14" fill="var(--orange)" />
        <rect x="0" y="18" width={width(before)} height="12" fill="var(--soft)" />
      </svg>
      <p className="small num" aria-hidden="true">
        <strong>{percent(now)}</strong>
        <span className="soft">{percent(before)}</span>
      </p>
    </div>
  );
}
