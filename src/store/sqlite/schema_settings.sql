-- Settings that were changed while it runs: docs/CONFIG.md, docs/STORAGE.md.
-- A step of migrate.c; never changed once released.
CREATE TABLE settings (
    owner_no   INTEGER NOT NULL REFERENCES owners,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (owner_no, name)
) WITHOUT ROWID;
