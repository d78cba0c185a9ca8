// Search from anywhere (Ctrl-K): documents with the passages that match, why each is there; screens
// by name; and the same words as a question.
import * as A from '@ariakit/react';
import { useEffect } from 'react';
import type { Hit } from '../../api/types';
import { baseName, secondsText, typeText } from '../../state/format';
import { openDocument, searchOpen } from '../../state/reader';
import { go, SCREENS } from '../../state/route';
import { search, searchFor, why } from '../../state/search';
import { useStore } from '../../state/store';
import { newSession, say } from '../../state/talk';
import { Icon } from '../../ui/icons';
import { Chip } from '../../ui/kit';
import { Marked } from '../../ui/text';
import './search.css';

const close = () => searchOpen.set(false);

function HitView({ hit }: { hit: Hit }) {
  const best = hit.matches[0];
  return (
    <A.ComboboxItem
      className="hit"
      value={hit.id}
      setValueOnClick={false}
      focusOnHover
      hideOnClick={false}
      onClick={() => {
        close();
        openDocument({
          id: hit.id,
          from: best?.start,
          to: best?.end,
          page: best?.page,
          at: best?.time_start,
        });
      }}
    >
      <span className="hit-head">
        <Icon name="file" size={18} />
        <strong className="cut">{hit.title}</strong>
        <Chip>{typeText(hit.metadata.file_type)}</Chip>
        <span className="small soft cut hit-path">{baseName(hit.metadata.source ?? '')}</span>
      </span>
      {hit.matches.slice(0, 2).map((m) => (
        <span key={m.chunk_id} className="hit-match">
          <span className="hit-text">
            <Marked
              text={m.text}
              marks={m.marks ?? []}
              from={m.snippet?.start}
              to={m.snippet && m.snippet.end > m.snippet.start ? m.snippet.end : undefined}
              tighten
            />
          </span>
          <span className="hit-why small soft num">{why(m).join(' · ')}</span>
        </span>
      ))}
    </A.ComboboxItem>
  );
}

export default function Palette() {
  const { text, found, took, error, busy } = useStore(search);
  useEffect(() => {
    if (text) void searchFor(text);
  }, []); // the library may have changed since
  const words = text.trim();
  const places = SCREENS.filter((s) => words && s.startsWith(words.toLowerCase()));
  const askIt = () => {
    close();
    newSession();
    go('talk');
    say(words);
  };
  return (
    <A.Dialog
      open
      onClose={close}
      aria-label="Search"
      className="dialog palette"
      backdrop={<div className="back" />}
      initialFocus={undefined}
    >
      <A.ComboboxProvider
        open
        setOpen={(o) => {
          if (!o) close();
        }}
        value={text}
        setValue={(v) => void searchFor(v)}
        includesBaseElement
      >
        <div className="palette-field">
          <Icon name="search" size={24} />
          <A.Combobox
            autoSelect
            autoFocus
            placeholder="Words, or a question"
            aria-label="Search everything"
            className="palette-input"
            id="q"
          />
          <kbd>Esc</kbd>
        </div>
        <p className="palette-note small soft num" role="status">
          {error ??
            (found && words
              ? found.total
                ? `${found.total} ${found.total === 1 ? 'document' : 'documents'} in ${secondsText((took ?? 0) / 1000)}`
                : 'Nothing in your documents says that.'
              : busy
                ? 'searching'
                : '“exact words”   −without   tag: type: source: after: before:')}
        </p>
        <A.ComboboxList className="palette-list" alwaysVisible aria-label="Results">
          {words && (
            <A.ComboboxItem
              className="hit ask"
              value="ask"
              setValueOnClick={false}
              focusOnHover
              onClick={askIt}
            >
              <span className="hit-head">
                <Icon name="talk" size={18} />
                <span className="cut">
                  Ask: <strong>{words}</strong>
                </span>
              </span>
            </A.ComboboxItem>
          )}
          {places.map((s) => (
            <A.ComboboxItem
              key={s}
              className="hit"
              value={s}
              setValueOnClick={false}
              focusOnHover
              onClick={() => {
                close();
                go(s);
              }}
            >
              <span className="hit-head">
                <Icon name={s} size={18} />
                Go to {s}
              </span>
            </A.ComboboxItem>
          ))}
          {words && found?.documents.map((h) => <HitView key={h.id} hit={h} />)}
        </A.ComboboxList>
      </A.ComboboxProvider>
    </A.Dialog>
  );
}
