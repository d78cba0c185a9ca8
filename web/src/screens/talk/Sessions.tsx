// Conversations that were held: the last used first, found by any word said in them.
import { useEffect, useState } from 'react';
import { query } from '../../api/client';
import type { ConversationList } from '../../api/types';
import { agoText } from '../../state/format';
import { invalidate, useResource } from '../../state/resource';
import { useStore } from '../../state/store';
import { newSession, openSession, talk } from '../../state/talk';
import { deleteLater, hidden } from '../../state/undo';
import { Button, IconButton, Problem, Skeleton } from '../../ui/kit';

export function Sessions({ begin, opened }: { begin: () => void; opened: () => void }) {
  const [text, setText] = useState('');
  const [q, setQ] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setQ(text.trim()), 180);
    return () => clearTimeout(timer);
  }, [text]);
  const { data, error, again } = useResource<ConversationList>(
    `/api/v1/conversations${query({ limit: 100, q })}`,
  );
  const current = useStore(talk, (t) => t.session);
  const gone = useStore(hidden);
  const list = data?.conversations.filter((c) => !gone.has(c.id)) ?? [];
  return (
    <div className="sessions">
      <div className="row">
        <h2 className="grow">Conversations</h2>
        <Button slim icon="plus" onClick={begin}>
          New
        </Button>
      </div>
      <input
        className="field"
        type="search"
        placeholder="Search what was said"
        aria-label="Search conversations"
        value={text}
        onChange={(e) => setText(e.target.value)}
      />
      {error && <Problem text={error} again={again} />}
      {!data && !error && <Skeleton lines={4} height={2.6} />}
      {data && !list.length && (
        <p className="soft small">{q ? 'Nobody said that here.' : 'Nothing was said yet.'}</p>
      )}
      <ul>
        {list.map((c) => (
          <li key={c.id} className="session" data-current={c.id === current}>
            <button
              type="button"
              className="session-open"
              aria-current={c.id === current}
              onClick={() => {
                opened();
                void openSession(c.id);
              }}
            >
              <span className="cut">{c.title}</span>
              <span className="small soft num">
                {agoText(c.updated_at)} · {c.message_count} messages
              </span>
            </button>
            <IconButton
              slim
              icon="trash"
              label={`Delete ${c.title}`}
              onClick={() => {
                if (c.id === current) newSession();
                deleteLater(c.id, `/api/v1/conversations/${c.id}`, `“${c.title}”`, () =>
                  invalidate('/api/v1/conversations'),
                );
              }}
            />
          </li>
        ))}
      </ul>
    </div>
  );
}
