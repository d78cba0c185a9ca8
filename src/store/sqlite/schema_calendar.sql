-- Calendars and their events: docs/STORAGE.md. A step of migrate.c; never changed once released.
CREATE TABLE calendars (
    calendar_no INTEGER PRIMARY KEY,
    owner_no    INTEGER NOT NULL REFERENCES owners,
    uuid        BLOB NOT NULL CHECK (length(uuid) = 16),
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,      -- '': one's own
    refresh_s   INTEGER NOT NULL,
    private     INTEGER NOT NULL,   -- 1: may be in one's own network
    state       INTEGER NOT NULL,   -- 0 one's own, 1 new, 2 ok, 3 failed
    problem     TEXT NOT NULL,
    etag        TEXT NOT NULL,
    modified    TEXT NOT NULL,      -- Last-Modified of the last answer
    failures    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    checked_at  INTEGER NOT NULL,
    fetched_at  INTEGER NOT NULL,
    next_at     INTEGER NOT NULL
);
CREATE UNIQUE INDEX calendars_uuid ON calendars (owner_no, uuid);

-- One VEVENT a row. raw is what it is; the other columns say what that means.
CREATE TABLE events (
    event_no      INTEGER PRIMARY KEY,
    calendar_no   INTEGER NOT NULL REFERENCES calendars ON DELETE CASCADE,
    uuid          BLOB NOT NULL CHECK (length(uuid) = 16),
    uid           TEXT NOT NULL,
    replaces      INTEGER NOT NULL, -- 0 itself, 1 one occurrence, 2 that and the later ones
    recurrence_ms INTEGER NOT NULL, -- the occurrence; 0 when it replaces none
    sequence      INTEGER NOT NULL,
    stamp         INTEGER NOT NULL,
    summary       TEXT NOT NULL,
    location      TEXT NOT NULL,
    description   TEXT NOT NULL,
    status        TEXT NOT NULL,
    kind          INTEGER NOT NULL, -- 0 timed, 1 floating, 2 whole days
    zone          TEXT NOT NULL,
    start_ms      INTEGER NOT NULL, -- floating and whole days: as if in UTC
    end_ms        INTEGER NOT NULL,
    last_ms       INTEGER NOT NULL, -- nothing of it is after this
    rules         TEXT NOT NULL,
    added         TEXT NOT NULL,    -- instants, with commas
    taken         TEXT NOT NULL,
    alarms        TEXT NOT NULL,    -- r-900000 from the begin, a1764000000000 an instant
    free          INTEGER NOT NULL,
    raw           TEXT NOT NULL,
    hash          INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);
CREATE UNIQUE INDEX events_uuid ON events (uuid);
CREATE UNIQUE INDEX events_uid ON events (calendar_no, uid, replaces, recurrence_ms);
CREATE INDEX events_window ON events (calendar_no, last_ms, start_ms);
CREATE INDEX events_replaced ON events (calendar_no, uid, recurrence_ms) WHERE replaces <> 0;

CREATE TABLE calendar_zones (
    calendar_no INTEGER NOT NULL REFERENCES calendars ON DELETE CASCADE,
    tzid        TEXT NOT NULL,
    raw         TEXT NOT NULL,      -- the VTIMEZONE's lines
    tzif        BLOB NOT NULL,      -- the same as RFC 8536; empty: not understood
    PRIMARY KEY (calendar_no, tzid)
) WITHOUT ROWID;
