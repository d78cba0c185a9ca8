// Complete, snooze, move: beside a task wherever it is shown.
import { IconButton } from '../../ui/kit';
import { Menu } from '../../ui/overlay';
import { complete, move, remove, snooze } from './acts';

const LENGTHS = ['10 minutes', '1 hour', '3 hours', '1 day'];
const DAYS = ['today', 'tomorrow', 'Monday', 'next week'];

export function TaskActs({ id, title, edit }: { id: string; title: string; edit?: () => void }) {
  return (
    <div className="row task-acts">
      <IconButton
        slim
        icon="check"
        label={`Complete ${title}`}
        onClick={() => void complete(id, title)}
      />
      <Menu
        label={`Snooze ${title}`}
        icon="clock"
        choices={LENGTHS.map((t) => ({ text: `for ${t}`, run: () => void snooze(id, t) }))}
      />
      <Menu
        label={`Move ${title}`}
        icon="calendar"
        choices={[
          ...DAYS.map((t) => ({ text: `to ${t}`, run: () => void move(id, t) })),
          ...(edit ? [{ text: 'Edit', icon: 'edit', run: edit }] : []),
          { text: 'Delete', icon: 'trash', run: () => void remove(id, title) },
        ]}
      />
    </div>
  );
}
