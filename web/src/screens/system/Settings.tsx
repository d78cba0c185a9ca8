// Settings: kept on the server. One that a flag or the environment has fixed says so.
import { useEffect, useState } from 'react';
import type { Setting, Voice } from '../../api/types';
import { useResource } from '../../state/resource';
import { changeSetting, loadSettings, settings } from '../../state/settings';
import { useStore } from '../../state/store';
import { toast, tried } from '../../state/toasts';
import { Icon } from '../../ui/icons';
import { Button, Chip, Segments, Skeleton } from '../../ui/kit';

const NAMES: Record<string, string> = {
  theme: 'Look',
  reduce_motion: 'Keep still',
  speak_answers: 'Speak answers aloud',
  hands_free: 'Go on listening',
  speech_speed: 'Speed of the voice',
  zone: 'Time zone',
  date_order: 'What 3/4 means',
  desktop_notifications: 'Reminders on the desktop',
  speech_model: 'What hears',
  speech_language: 'Spoken language',
  speech_voice: 'Voice',
  speech_idle: 'Seconds a voice stays in memory',
  log: 'What is logged',
};
const WORDS: Record<string, string> = {
  system: 'As the system',
  light: 'Light',
  dark: 'Dark',
  yes: 'Yes',
  no: 'No',
  spoken: 'After speaking',
  always: 'Always',
  never: 'Never',
  mdy: 'March 4',
  dmy: '3 April',
};

function voiceName(id: string, voices: Voice[] | null): string {
  const v = voices?.find((x) => x.id === id);
  return v ? `${v.name || v.id} (${v.language}, ${v.backend})` : id;
}

function Control({ s, put }: { s: Setting; put: (v: string) => void }) {
  const [text, setText] = useState(s.value);
  const { data: voices } = useResource<Voice[]>(
    s.name === 'speech_voice' ? '/api/v1/voice/voices' : null,
  );
  useEffect(() => setText(s.value), [s.value]);
  const choices =
    s.name === 'speech_voice' && voices
      ? ['auto', ...voices.map((v) => v.id)]
      : s.type === 'yes_no'
        ? ['yes', 'no']
        : s.choices;
  if (choices && choices.length <= 4 && !s.fixed && s.name !== 'speech_voice')
    return (
      <Segments
        label={NAMES[s.name] ?? s.name}
        value={s.value}
        options={choices.map((c) => [c, WORDS[c] ?? c] as const)}
        onChange={put}
      />
    );
  if (choices)
    return (
      <select
        className="field"
        disabled={s.fixed}
        aria-label={NAMES[s.name] ?? s.name}
        value={s.value}
        onChange={(e) => put(e.target.value)}
      >
        {[...new Set([...choices, s.value])].map((c) => (
          <option key={c} value={c}>
            {c === 'auto' ? 'The best there is' : (WORDS[c] ?? voiceName(c, voices))}
          </option>
        ))}
      </select>
    );
  return (
    <form
      className="row"
      onSubmit={(e) => {
        e.preventDefault();
        put(text);
      }}
    >
      <input
        className="field"
        disabled={s.fixed}
        aria-label={NAMES[s.name] ?? s.name}
        value={text}
        type={s.type === 'number' ? 'number' : 'text'}
        step="any"
        min={s.min ?? undefined}
        max={s.max ?? undefined}
        onChange={(e) => setText(e.target.value)}
      />
      <Button type="submit" disabled={s.fixed || text === s.value}>
        Save
      </Button>
    </form>
  );
}

function Row({ s }: { s: Setting }) {
  const put = async (value: string | null) => {
    if (
      await tried(async () => {
        await changeSetting(s.name, value);
        return true;
      })
    )
      toast(s.applies === 'restart' ? 'Saved; it holds from the next start on' : 'Saved');
  };
  return (
    <li className="setting">
      <div className="grow">
        <h3>{NAMES[s.name] ?? s.name}</h3>
        <p className="small soft help">{s.help}</p>
        <p className="row wrap small soft">
          {s.fixed ? (
            <Chip icon="lock" tone="orange">
              fixed by {s.origin}
            </Chip>
          ) : (
            s.origin !== 'default' && <span>set {s.origin}</span>
          )}
          {s.applies === 'restart' && <span>holds after a restart</span>}
          {!s.fixed && s.origin === 'here' && (
            <button type="button" className="chip" onClick={() => void put(null)}>
              <Icon name="undo" size={14} />
              back to {WORDS[s.default] ?? (s.default || 'nothing')}
            </button>
          )}
        </p>
      </div>
      <div className="setting-control">
        <Control s={s} put={(v) => void put(v)} />
      </div>
    </li>
  );
}

export function Settings() {
  const all = Object.values(useStore(settings));
  useEffect(() => {
    void tried(loadSettings);
  }, []);
  if (!all.length) return <Skeleton lines={5} />;
  return (
    <div className="stack">
      <section className="card stack" aria-label="The page">
        <h2>The page</h2>
        <ul>
          {all
            .filter((s) => s.scope === 'page')
            .map((s) => (
              <Row key={s.name} s={s} />
            ))}
        </ul>
      </section>
      <section className="card stack" aria-label="The program">
        <h2>The program</h2>
        <p className="soft small">
          What a flag or the environment says comes first, then what is set here, then sotto.conf.
        </p>
        <ul>
          {all
            .filter((s) => s.scope === 'program')
            .map((s) => (
              <Row key={s.name} s={s} />
            ))}
        </ul>
      </section>
      <Notifications />
    </div>
  );
}

function Notifications() {
  const [state, setState] = useState(
    typeof Notification === 'undefined' ? 'denied' : Notification.permission,
  );
  if (state !== 'default') return null;
  return (
    <section className="card row wrap" aria-label="Notices of this browser">
      <div className="grow">
        <h3>Reminders when this window is hidden</h3>
        <p className="small soft">
          This browser may show them beside your other programs’ notices.
        </p>
      </div>
      <Button icon="bell" onClick={() => void Notification.requestPermission().then(setState)}>
        Allow
      </Button>
    </section>
  );
}
