// Hold or tap to speak. The ring is the microphone's own level, nothing else moves it.
import { useEffect, useRef } from 'react';
import { useStore } from '../../state/store';
import { cancelVoice, endVoice, listening, startVoice, voice } from '../../voice/voice';
import { Icon } from '../../ui/icons';

const HOLD_MS = 350;
const WORDS = {
  idle: 'Speak: hold, or tap',
  opening: 'Opening the microphone',
  listening: 'Listening; tap when you are done',
  hearing: 'Listening; tap when you are done',
  thinking: 'Thinking; tap to stop',
  speaking: 'Speaking; tap to stop',
};

export function MicButton() {
  const { state, level } = useStore(voice);
  const pressed = useRef(0);
  const on = listening(state);

  const down = () => {
    if (on) {
      pressed.current = 0;
      endVoice();
      return;
    }
    if (state !== 'idle') {
      pressed.current = 0;
      cancelVoice();
      return;
    }
    pressed.current = performance.now();
    void startVoice();
  };
  const up = () => {
    if (pressed.current && performance.now() - pressed.current > HOLD_MS) endVoice();
    pressed.current = 0;
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
      <span
        className="mic-ring"
        aria-hidden="true"
        style={{
          transform: `scale(${(1 + level * 0.75).toFixed(3)})`,
          opacity: on ? 0.25 + level * 0.5 : 0,
        }}
      />
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
      <span
        className="mic-meter"
        role="meter"
        aria-label="Microphone level"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(level * 100)}
        hidden={!on}
      >
        {Array.from({ length: 12 }, (_, i) => (
          <i key={i} data-on={level * 12 > i + 0.5} />
        ))}
      </span>
    </div>
  );
}
