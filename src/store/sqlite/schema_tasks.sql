-- schema_tasks.sql - version 5: tasks, the journal that undoes changes of them, reminders that fired.
-- docs/STORAGE.md says why; docs/TASKS.md has the protocol of deliveries. Times are ms since 1970.

CREATE TABLE tasks (
    task_no       INTEGER PRIMARY KEY,
    owner_no      INTEGER NOT NULL REFERENCES owners,
    uuid          BLOB NOT NULL CHECK (length(uuid) = 16),
    kind          INTEGER NOT NULL,   -- 0 task, 1 reminder, 2 timer, 3 alarm
    status        INTEGER NOT NULL,   -- 0 open, 1 done, 2 cancelled
    priority      INTEGER NOT NULL,   -- 0 low .. 3 urgent
    title         TEXT NOT NULL,
    notes         TEXT NOT NULL,
    due_at        INTEGER,            -- a whole day: its begin in `zone`
    due_end       INTEGER,            -- overdue from then on: due_at, or the end of that day
    due_timed     INTEGER NOT NULL,
    zone          TEXT NOT NULL,
    alarms        TEXT NOT NULL,      -- JSON: [[absolute, ms], ...]
    rrule         TEXT NOT NULL,      -- '' once
    series_start  INTEGER,
    series_at     INTEGER,
    series        BLOB,               -- of a done occurrence: uuid of the task that goes on
    missed        INTEGER NOT NULL,
    tags          TEXT NOT NULL,      -- JSON: ["home", ...]
    source        TEXT NOT NULL,
    extra         TEXT NOT NULL,      -- JSON object
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    completed_at  INTEGER,
    snoozed_until INTEGER,
    fires         TEXT NOT NULL,      -- JSON: [[at, due or null], ...], the next first
    rev           INTEGER NOT NULL,   -- grows with every write
    change_no     INTEGER NOT NULL,   -- the last change
    quiet_no      INTEGER NOT NULL,   -- deliveries up to here have been dealt with
    words         TEXT NOT NULL,      -- title, notes, tags, folded: what a list's q looks in
    next_fire     INTEGER             -- the first of fires while it is open
);
CREATE UNIQUE INDEX tasks_uuid ON tasks (owner_no, uuid);
CREATE INDEX tasks_next ON tasks (owner_no, next_fire) WHERE next_fire IS NOT NULL;
CREATE INDEX tasks_due ON tasks (owner_no, status, due_at);
CREATE INDEX tasks_series ON tasks (owner_no, series) WHERE series IS NOT NULL;

-- Numbers are never given twice: a row says by its number which change wrote it last.
CREATE TABLE task_changes (
    change_no   INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_no    INTEGER NOT NULL REFERENCES owners,
    uuid        BLOB NOT NULL CHECK (length(uuid) = 16),
    what        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    undone      INTEGER NOT NULL,
    delivery_no INTEGER NOT NULL      -- the last one before it
);
CREATE UNIQUE INDEX task_changes_uuid ON task_changes (owner_no, uuid);
CREATE INDEX task_changes_owner ON task_changes (owner_no, change_no);

-- Rows of tasks as a change found them, the same columns; was 0: there was none.
CREATE TABLE task_images (
    change_no     INTEGER NOT NULL REFERENCES task_changes ON DELETE CASCADE,
    uuid          BLOB NOT NULL,
    was           INTEGER NOT NULL,
    removed       INTEGER NOT NULL,   -- 1: the change took the row away
    task_no INTEGER, kind INTEGER, status INTEGER, priority INTEGER, title TEXT, notes TEXT,
    due_at INTEGER, due_end INTEGER, due_timed INTEGER, zone TEXT, alarms TEXT, rrule TEXT,
    series_start INTEGER, series_at INTEGER, series BLOB, missed INTEGER, tags TEXT, source TEXT,
    extra TEXT, created_at INTEGER, updated_at INTEGER, completed_at INTEGER,
    snoozed_until INTEGER, fires TEXT, rev INTEGER, row_change_no INTEGER, quiet_no INTEGER,
    words TEXT, next_fire INTEGER,
    PRIMARY KEY (change_no, uuid)
) WITHOUT ROWID;

-- Reminders that were due: committed before anybody is told, sent until sent_at is set.
CREATE TABLE deliveries (
    delivery_no INTEGER PRIMARY KEY AUTOINCREMENT,
    owner_no    INTEGER NOT NULL REFERENCES owners,
    uuid        BLOB NOT NULL CHECK (length(uuid) = 16),
    task        BLOB NOT NULL CHECK (length(task) = 16),
    at          INTEGER NOT NULL,
    due         INTEGER,
    fired_at    INTEGER NOT NULL,
    sent_at     INTEGER,
    acked_at    INTEGER
);
CREATE UNIQUE INDEX deliveries_uuid ON deliveries (owner_no, uuid);
CREATE INDEX deliveries_task ON deliveries (owner_no, task, delivery_no);
CREATE INDEX deliveries_unsent ON deliveries (owner_no, delivery_no) WHERE sent_at IS NULL;
CREATE INDEX deliveries_waiting ON deliveries (owner_no, delivery_no) WHERE acked_at IS NULL;
