-- schema_people.sql - who has data here, what lets them in, what they did.
CREATE TABLE people (
    owner_no   INTEGER PRIMARY KEY REFERENCES owners,
    name       TEXT NOT NULL COLLATE NOCASE UNIQUE,
    admin      INTEGER NOT NULL,
    password   TEXT NOT NULL,       -- $scrypt$...; '': none
    created_at INTEGER NOT NULL
);

-- Tokens and sessions: of 256 random bits only their SHA-256 is here.
CREATE TABLE credentials (
    credential_no INTEGER PRIMARY KEY,
    owner_no   INTEGER NOT NULL REFERENCES owners,
    uuid       BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    kind       INTEGER NOT NULL,    -- 0 token, 1 session
    name       TEXT NOT NULL,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes     INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,    -- 0: never
    used_at    INTEGER NOT NULL     -- 0: never
);
CREATE INDEX credentials_owner ON credentials (owner_no);

-- No owner: what somebody did stays when they have gone. Never a secret, never a query string.
CREATE TABLE audit (
    audit_no INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    person   BLOB,                  -- NULL: nobody who was known
    who      TEXT NOT NULL,
    via      TEXT NOT NULL,
    address  TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    status   INTEGER NOT NULL
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_person ON audit (person, audit_no);
