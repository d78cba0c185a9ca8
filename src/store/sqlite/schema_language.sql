-- What is kept on account of a language model: docs/STORAGE.md.
-- A step of migrate.c; never changed once released.
CREATE TABLE llm_days (
    owner_no INTEGER NOT NULL REFERENCES owners,
    day      INTEGER NOT NULL,      -- since 1970, UTC
    tokens   INTEGER NOT NULL,      -- asked and answered
    PRIMARY KEY (owner_no, day)
) WITHOUT ROWID;

CREATE TABLE made_texts (
    made_no  INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order they were made
    owner_no INTEGER NOT NULL REFERENCES owners,
    key      BLOB NOT NULL CHECK (length(key) = 32),
    text     TEXT NOT NULL,         -- '': what was made was of no use
    at       INTEGER NOT NULL,
    UNIQUE (owner_no, key)
);
CREATE TABLE made_documents (
    made_no INTEGER NOT NULL REFERENCES made_texts ON DELETE CASCADE,
    doc_no  INTEGER NOT NULL,
    PRIMARY KEY (made_no, doc_no)
) WITHOUT ROWID;
CREATE INDEX made_documents_doc ON made_documents (doc_no, made_no);
CREATE TRIGGER made_gone AFTER DELETE ON documents BEGIN
    DELETE FROM made_texts WHERE made_no IN
        (SELECT made_no FROM made_documents WHERE doc_no = old.doc_no);
END;
