-- What was found out about a document beside its text: docs/STORAGE.md. A step of migrate.c; never
-- changed once released.
ALTER TABLE documents ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT ''; -- ISO 639, '' unknown
ALTER TABLE documents ADD COLUMN about TEXT NOT NULL DEFAULT '{}';  -- JSON: dates, reasons
CREATE INDEX documents_language ON documents (owner_no, language);

-- One sketch a document, for near-duplicates. Numbers are never used again, so that a list in
-- memory is brought up to date by reading what is above its last one.
CREATE TABLE sketches (
    sketch_no INTEGER PRIMARY KEY AUTOINCREMENT,
    doc_no    INTEGER NOT NULL UNIQUE REFERENCES documents ON DELETE CASCADE,
    owner_no  INTEGER NOT NULL,
    sketch    BLOB NOT NULL CHECK (length(sketch) = 64)
);
CREATE INDEX sketches_owner ON sketches (owner_no, doc_no);
