-- schema_talk.sql - version 7: conversations, and what the assistant was told about its person.
-- docs/STORAGE.md says why. Times are ms since 1970. `words` is text folded, between spaces: what
-- a list's q looks in.

CREATE TABLE sessions (
    session_no INTEGER PRIMARY KEY,
    owner_no   INTEGER NOT NULL REFERENCES owners,
    uuid       BLOB NOT NULL CHECK (length(uuid) = 16),
    title      TEXT NOT NULL,
    words      TEXT NOT NULL,      -- of the title
    state      TEXT NOT NULL,      -- JSON object, the assistant's own
    n_messages INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL    -- the last turn, or a new title
);
CREATE UNIQUE INDEX sessions_uuid ON sessions (owner_no, uuid);
CREATE INDEX sessions_updated ON sessions (owner_no, updated_at, session_no);

CREATE TABLE messages (
    session_no INTEGER NOT NULL REFERENCES sessions ON DELETE CASCADE,
    no         INTEGER NOT NULL,   -- 1, 2, ... without a gap
    uuid       BLOB NOT NULL CHECK (length(uuid) = 16),
    role       INTEGER NOT NULL,   -- 0 the person, 1 the assistant
    text       TEXT NOT NULL,
    words      TEXT NOT NULL,
    extra      TEXT NOT NULL,      -- JSON object: intent, citations, ...
    at         INTEGER NOT NULL,
    PRIMARY KEY (session_no, no)
) WITHOUT ROWID;

CREATE TABLE facts (
    fact_no     INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order they were told
    owner_no    INTEGER NOT NULL REFERENCES owners,
    uuid        BLOB NOT NULL CHECK (length(uuid) = 16),
    text        TEXT NOT NULL,     -- as it was said
    subject     TEXT NOT NULL,     -- '' when the words have no such shape
    value       TEXT NOT NULL,
    source      TEXT NOT NULL,
    words       TEXT NOT NULL,     -- of the text
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    ended_at    INTEGER,           -- NULL: it holds
    replaced_by BLOB               -- uuid of the fact that took its place; NULL: it holds, or that one is gone
);
CREATE UNIQUE INDEX facts_uuid ON facts (owner_no, uuid);
-- One at a time says something about a subject.
CREATE UNIQUE INDEX facts_subject ON facts (owner_no, subject)
    WHERE subject <> '' AND ended_at IS NULL;
CREATE INDEX facts_replaced ON facts (owner_no, replaced_by) WHERE replaced_by IS NOT NULL;
