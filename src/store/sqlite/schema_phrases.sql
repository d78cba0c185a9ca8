-- What documents are about, and the briefings made of it: docs/STORAGE.md.
-- A step of migrate.c; never changed once released.
CREATE TABLE phrases (
    doc_no   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    phrase   TEXT NOT NULL,
    owner_no INTEGER NOT NULL,
    rank     INTEGER NOT NULL,      -- 0: the most telling one
    at       INTEGER NOT NULL,      -- the document's own date, else when it came
    PRIMARY KEY (doc_no, phrase)
) WITHOUT ROWID;
CREATE INDEX phrases_at ON phrases (owner_no, at, phrase, rank);
CREATE INDEX phrases_phrase ON phrases (owner_no, phrase, at, rank);
CREATE INDEX phrases_first ON phrases (owner_no, at) WHERE rank = 0;

-- Documents that were read before have their tags, which were their phrases unless a person chose.
INSERT OR IGNORE INTO phrases (doc_no, phrase, owner_no, rank, at)
SELECT t.doc_no, t.tag, d.owner_no, t.ordinal, d.updated_at
FROM tags t JOIN documents d ON d.doc_no = t.doc_no;

CREATE TABLE briefings (
    briefing_no  INTEGER PRIMARY KEY,
    owner_no     INTEGER NOT NULL REFERENCES owners,
    uuid         BLOB NOT NULL CHECK (length(uuid) = 16),
    date         TEXT NOT NULL,     -- YYYY-MM-DD in its zone
    zone         TEXT NOT NULL,
    generated_at INTEGER NOT NULL,
    scheduled    INTEGER NOT NULL,  -- 1: it was sent at its time
    json         TEXT NOT NULL,     -- as the interface gives it
    UNIQUE (owner_no, uuid)
);
CREATE INDEX briefings_date ON briefings (owner_no, date, zone);

CREATE TABLE briefing_schedule (
    owner_no INTEGER PRIMARY KEY REFERENCES owners,
    enabled  INTEGER NOT NULL,
    minute   INTEGER NOT NULL,      -- of the day
    days     INTEGER NOT NULL,      -- bit 0: Monday
    zone     TEXT NOT NULL,         -- '': the person's
    done_at  INTEGER NOT NULL       -- up to here nothing is left to be sent
);
