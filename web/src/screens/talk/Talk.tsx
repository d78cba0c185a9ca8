// The conversation: one timeline for what is typed and what is spoken.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useStore } from '../../state/store';
import { newSession, loadOlder, say, stopAnswer, talk } from '../../state/talk';
import { changeSetting, settings } from '../../state/settings';
import { complain, tried } from '../../state/toasts';
import { cancelVoice, hush, speaking, voice, type VoiceState } from '../../voice/voice';
import { Button, IconButton } from '../../ui/kit';
import { Motif } from '../../ui/kit';
import { Sheet } from '../../ui/overlay';
import { MicButton } from './MicButton';
import { Sessions } from './Sessions';
import { Thinking, TurnView } from './TurnView';
import './talk.css';

const TRY = [
  'Who owns the apartment I rent?',
  'What’s due this week?',
  'Remind me to call the bank tomorrow at nine',
  'What changed since yesterday?',
  'Remember that my manager is Dana',
  'Set a timer for eight minutes',
];

function Welcome() {
  return (
    <div className="welcome">
      <Motif screen="talk" />
      <h1>
        Say it,
        <br />
        or write it.
      </h1>
      <p className="soft">
        It answers from your documents and shows the sentence it stands on; it keeps your tasks,
        times and what you tell it to remember.
      </p>
      <ul className="row wrap">
        {TRY.map((t) => (
          <li key={t}>
            <button type="button" className="chip" onClick={() => say(t)}>
              {t}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

const NOTES: Record<VoiceState, string> = {
  idle: 'Enter sends, Escape stops, the microphone is tapped or held.',
  opening: 'The microphone is being opened.',
  listening: 'Listening.',
  hearing: 'Listening.',
  thinking: 'Thinking.',
  speaking: 'Speaking; speak into it to stop it.',
  away: 'Sotto is away. Your words are kept, and heard when it is back.',
};

function Composer() {
  const handsFree = useStore(settings, (s) => s.hands_free?.value === 'yes');
  const [text, setText] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const answering = useStore(talk, (t) => t.answeringKey !== null);
  const aloud = useStore(speaking);
  const { state, problem } = useStore(voice);
  const busy = answering || aloud !== null || state === 'thinking' || state === 'speaking';

  const send = () => {
    if (!text.trim()) return;
    cancelVoice(false);
    say(text);
    setText('');
    field.current?.focus();
  };
  useLayoutEffect(() => {
    const f = field.current;
    if (!f) return;
    f.style.height = '0';
    f.style.height = `${Math.min(f.scrollHeight + 4, 180)}px`;
  }, [text]);
  return (
    <div className="composer">
      {problem && (
        <p className="voice-problem" role="alert">
          {problem}
        </p>
      )}
      <form
        className="composer-row"
        onSubmit={(e) => {
          e.preventDefault();
          send();
        }}
      >
        <label className="sr" htmlFor="say">
          Write to Sotto
        </label>
        <textarea
          id="say"
          ref={field}
          className="field"
          rows={1}
          maxLength={4000}
          value={text}
          placeholder={innerWidth < 640 ? 'Ask, or tell' : 'Ask, tell, or let it do something'}
          onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && !e.shiftKey && !e.nativeEvent.isComposing) {
              e.preventDefault();
              send();
            }
          }}
        />
        {busy && !text.trim() ? (
          <Button
            icon="stop"
            aria-label="Stop"
            title="Stop (Escape)"
            onClick={() => {
              stopAnswer();
              cancelVoice(false);
            }}
          />
        ) : (
          <Button
            type="submit"
            kind="primary"
            icon="send"
            aria-label="Send"
            disabled={!text.trim()}
          />
        )}
        <MicButton />
      </form>
      <p className="composer-note small soft" role="status" data-state={state}>
        <button
          type="button"
          className="chip"
          aria-pressed={handsFree}
          title="It goes on listening after an answer, until you stop it"
          onClick={() => void tried(() => changeSetting('hands_free', handsFree ? 'no' : 'yes'))}
        >
          Hands free
        </button>
        <span className="cut">{NOTES[state]}</span>
      </p>
    </div>
  );
}

export default function Talk() {
  const { turns, loading, older, session } = useStore(talk);
  const thinking = useStore(voice, (v) => v.state === 'thinking');
  const [past, setPast] = useState(false);
  const stick = useRef(true);
  const lastText = turns[turns.length - 1]?.text.length ?? 0;

  useEffect(() => {
    const see = () => {
      stick.current = innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
    };
    addEventListener('scroll', see, { passive: true });
    return () => removeEventListener('scroll', see);
  }, []);
  useEffect(() => {
    // To the end of the page: the composer stands on what is in view.
    if (stick.current && turns.length) scrollTo(0, document.documentElement.scrollHeight);
  }, [turns.length, lastText]);
  useEffect(() => {
    const keys = (e: KeyboardEvent) => {
      if (e.key === 'Escape' && !document.querySelector('[role="dialog"]')) {
        stopAnswer();
        hush();
      }
    };
    addEventListener('keydown', keys);
    return () => removeEventListener('keydown', keys);
  }, []);
  const begin = useCallback(() => {
    newSession();
    setPast(false);
    document.getElementById('say')?.focus();
  }, []);
  return (
    <div className="talk">
      <aside className="talk-past" aria-label="Conversations">
        <Sessions begin={begin} opened={() => undefined} />
      </aside>
      <div className="talk-main">
        <div className="talk-tools">
          <IconButton icon="menu" label="Conversations" onClick={() => setPast(true)} />
          <span className="grow" />
          <Button slim icon="plus" onClick={begin}>
            New
          </Button>
        </div>
        {!turns.length && !loading ? (
          <Welcome />
        ) : (
          <>
            <h1 className="sr">Conversation</h1>
            {older && (
              <Button slim onClick={() => void loadOlder().catch(complain)}>
                Show what was said before
              </Button>
            )}
            <ol
              className="turns"
              aria-label="Conversation"
              aria-live="polite"
              aria-busy={loading}
              key={session ?? 'new'}
            >
              {turns.map((t) => (
                <TurnView key={t.key} turn={t} />
              ))}
              {thinking && turns[turns.length - 1]?.role === 'user' && <Thinking />}
            </ol>
          </>
        )}
        <Composer />
      </div>
      <Sheet open={past} close={() => setPast(false)} label="Conversations">
        <div className="sheet-body">
          <Sessions begin={begin} opened={() => setPast(false)} />
        </div>
      </Sheet>
    </div>
  );
}
