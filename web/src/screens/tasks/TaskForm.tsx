// One task, to be changed: times in words, as one would say them.
import { useState } from 'react';
import type { Task } from '../../api/types';
import { whenText } from '../../state/format';
import { Button } from '../../ui/kit';
import { CloseButton, Dialog } from '../../ui/overlay';
import { change, complete, remove } from './acts';

export function TaskForm({ task, close }: { task: Task; close: () => void }) {
  const [title, setTitle] = useState(task.title);
  const [notes, setNotes] = useState(task.notes);
  const [due, setDue] = useState('');
  const [priority, setPriority] = useState(task.priority);
  const [tags, setTags] = useState(task.tags.join(' '));
  const save = async () => {
    const members: Record<string, unknown> = {};
    if (title !== task.title) members.title = title;
    if (notes !== task.notes) members.notes = notes;
    if (due.trim()) members.due = due;
    if (priority !== task.priority) members.priority = priority;
    if (tags !== task.tags.join(' ')) members.tags = tags.split(/[\s,#]+/).filter(Boolean);
    if (!Object.keys(members).length || (await change(task.id, members))) close();
  };
  return (
    <Dialog open close={close} label={`Edit ${task.title}`}>
      <form
        className="stack"
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <div className="row">
          <h2 className="grow">
            {task.kind === 'task' ? 'Task' : task.kind.replace(/^./, (c) => c.toUpperCase())}
          </h2>
          <CloseButton close={close} />
        </div>
        <label>
          <span className="label-text">What</span>
          <input
            className="field"
            value={title}
            maxLength={250}
            onChange={(e) => setTitle(e.target.value)}
          />
        </label>
        <label>
          <span className="label-text">When</span>
          <input
            className="field"
            value={due}
            placeholder={
              task.due_at
                ? `${whenText(task.due_at, task.due_timed)}; say another: Friday at five`
                : 'tomorrow at nine'
            }
            onChange={(e) => setDue(e.target.value)}
          />
        </label>
        <label>
          <span className="label-text">How urgent</span>
          <select
            className="field"
            value={priority}
            onChange={(e) => setPriority(e.target.value as Task['priority'])}
          >
            {['low', 'normal', 'high', 'urgent'].map((p) => (
              <option key={p}>{p}</option>
            ))}
          </select>
        </label>
        <label>
          <span className="label-text">Tags</span>
          <input className="field" value={tags} onChange={(e) => setTags(e.target.value)} />
        </label>
        <label>
          <span className="label-text">Notes</span>
          <textarea
            className="field"
            rows={4}
            value={notes}
            onChange={(e) => setNotes(e.target.value)}
          />
        </label>
        <div className="row wrap">
          <Button type="submit" kind="primary" disabled={!title.trim()}>
            Save
          </Button>
          {task.status === 'open' && (
            <Button
              icon="check"
              onClick={() => {
                close();
                void complete(task.id, task.title);
              }}
            >
              Done
            </Button>
          )}
          <Button
            kind="danger"
            icon="trash"
            onClick={() => {
              close();
              void remove(task.id, task.title);
            }}
          >
            Delete
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
