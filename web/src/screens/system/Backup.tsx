// A backup of everything, as one file to keep.
import { Icon } from '../../ui/icons';

export function Backup() {
  return (
    <div className="stack-tight backup">
      <a className="btn" href="/api/v1/system/backup" download>
        <Icon name="download" />
        Download a backup
      </a>
      <p className="small soft">
        One file with documents, tasks, conversations and settings. It is not encrypted. Back again
        with <code>sotto restore FILE</code>.
      </p>
    </div>
  );
}
