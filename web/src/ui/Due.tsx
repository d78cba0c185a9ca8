// Reminders that came due, above whatever one is doing, until they are dealt with.
import { dealt, due } from '../state/reminders';
import { useStore } from '../state/store';
import { whenText } from '../state/format';
import { Icon } from './icons';
import { Button } from './kit';
import { Menu } from './overlay';
import './due.css';

const LATER = ['10 minutes', '1 hour', '3 hours', '1 day'];

export function Due() {
  const all = useStore(due);
  if (!all.length) return null;
  return (
    <section className="due-list" aria-label="Reminders that came due">
      {all.slice(0, 4).map((d) => (
        <article key={d.reminder.id} className="due">
          <Icon name={d.task.kind === 'timer' ? 'clock' : 'bell'} size={24} />
          <div className="grow">
            <h3>
              {d.task.title || (d.task.kind === 'timer' ? 'The timer is over' : 'It is time')}
            </h3>
            <p className="small">
              {whenText(d.reminder.due_at ?? d.reminder.at, true)}
              {d.reminder.late_seconds > 60 ? ', said late: nothing ran' : ''}
            </p>
          </div>
          <Button slim icon="check" onClick={() => void dealt(d, 'complete')}>
            {d.task.kind === 'timer' || d.task.kind === 'alarm' ? 'Stop' : 'Done'}
          </Button>
          <Menu
            label={`Snooze ${d.task.title}`}
            icon="clock"
            choices={LATER.map((t) => ({ text: t, run: () => void dealt(d, 'snooze', t) }))}
          />
          <Button
            slim
            kind="quiet"
            icon="close"
            aria-label={`Dismiss ${d.task.title}`}
            onClick={() => void dealt(d, 'acknowledge')}
          />
        </article>
      ))}
      {all.length > 4 && <p className="small soft">and {all.length - 4} more in Tasks</p>}
    </section>
  );
}
