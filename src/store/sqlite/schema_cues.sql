-- When the words of a recording are said: docs/STORAGE.md.
-- A step of migrate.c; never changed once released.
CREATE TABLE cues (
    doc_no   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    start    INTEGER NOT NULL,      -- bytes of the document's text, [start, end)
    "end"    INTEGER NOT NULL,
    start_ms INTEGER NOT NULL,      -- of the recording
    end_ms   INTEGER NOT NULL,
    PRIMARY KEY (doc_no, start)
) WITHOUT ROWID;
