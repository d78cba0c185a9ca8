// Hold or tap to speak. The ring is the microphone's own level, nothing else moves it.
import { useEffect, useRef } from 'react';
import { useStore } from '../../state/store';
import {
  cancelVoice,
  endVoice,
  held,
  level,
  listening,
  startVoice,
  tapped,
  voice,
} from '../../voice/voice';
import { Icon } from '../../ui/icons';

const HOLD_MS = 350;
const WORDS = {
  idle: 'Speak: hold, or tap',
  opening: 'Opening the microphone',
  listening: 'Listening; tap when you are done',
  hearing: 'Listening; tap when you are done',
  thinking: 'Thinking; tap to stop',
  speaking: 'Speaking; speak or tap to stop it',
  away: 'Sotto is away; your words are kept. Tap to drop them',
};

function Meter() {
  const loud = useStore(level);
  return (
    <>
      <span
        className="mic-ring"
        aria-hidden="true"
        style={{ transform: `scale(${(1 + loud * 0.75).toFixed(3)})`, opacity: 0.25 + loud * 0.5 }}
      />
      <span
        className="mic-meter"
        role="meter"
        aria-label="Microphone level"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(loud * 100)}
      >
        {Array.from({ length: 12 }, (_, i) => (
          <i key={i} data-on={loud * 12 > i + 0.5} />
        ))}
      </span>
    </>
  );
}

export function MicButton() {
  const { state } = useStore(voice);
  const holding = useRef<ReturnType<typeof setTimeout> | null>(null);
  const long = useRef(false);
  const on = listening(state);

  const down = () => {
    long.current = false;
    if (on) return endVoice();
    if (state !== 'idle') return cancelVoice();
    void startVoice();
    holding.current = setTimeout(() => {
      holding.current = null;
      long.current = true;
      held();
    }, HOLD_MS);
  };
  const up = () => {
    if (holding.current) {
      clearTimeout(holding.current);
      holding.current = null;
      tapped();
    } else if (long.current) {
      long.current = false;
      endVoice();
    }
  };
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && voice.get().state !== 'idle') cancelVoice();
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);
  return (
    <div className="mic" data-state={state}>
      {on && <Meter />}
      <button
        type="button"
        className="mic-button"
        aria-label={WORDS[state]}
        aria-pressed={on}
        title={WORDS[state]}
        onPointerDown={(e) => {
          if (e.button === 0) {
            e.currentTarget.setPointerCapture(e.pointerId);
            down();
          }
        }}
        onPointerUp={up}
        onPointerCancel={up}
        onKeyDown={(e) => {
          if ((e.key === 'Enter' || e.key === ' ') && !e.repeat) {
            e.preventDefault();
            down();
            if (e.key === 'Enter') up(); // Enter taps, the space bar can be held
          }
        }}
        onKeyUp={(e) => {
          if (e.key === ' ') {
            e.preventDefault();
            up();
          }
        }}
      >
        <Icon name={on ? 'stop' : 'mic'} size={26} />
      </button>
    </div>
  );
}
