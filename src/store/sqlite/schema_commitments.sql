-- What documents commit a person to, found when they were read (text/commitment.h): docs/STORAGE.md.
-- A step of migrate.c; never changed once released.
CREATE TABLE commitments (
    commitment_no INTEGER PRIMARY KEY,
    owner_no INTEGER NOT NULL REFERENCES owners,
    doc_no   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    uuid     BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    key      BLOB NOT NULL CHECK (length(key) = 16), -- of its words and date: the same in a copy
    kind     INTEGER NOT NULL,
    start    INTEGER NOT NULL,      -- byte offsets into the document's text
    "end"    INTEGER NOT NULL,
    text     TEXT NOT NULL,
    due_at   INTEGER NOT NULL,
    timed    INTEGER NOT NULL,
    strength REAL NOT NULL,
    state    INTEGER NOT NULL,      -- 0 open, 1 made a task, 2 dismissed
    task     BLOB,                  -- the task it was made
    stale    INTEGER NOT NULL       -- only while a document is written
);
CREATE UNIQUE INDEX commitments_doc ON commitments (doc_no, key);
CREATE INDEX commitments_due ON commitments (owner_no, state, due_at);
CREATE INDEX commitments_key ON commitments (owner_no, key);
