-- schema.sql - version 1 of Sotto's data file; docs/STORAGE.md says why each table is as it is.
-- Later versions are steps in migrate.c; this file never changes once released.

-- Facts about the file itself: which encoder made the vectors, how the caches were built.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Every row below belongs, directly or through its document, to one person.
CREATE TABLE owners (
    owner_no   INTEGER PRIMARY KEY,
    uuid       BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    created_at INTEGER NOT NULL
);

CREATE TABLE documents (
    doc_no      INTEGER PRIMARY KEY,
    owner_no    INTEGER NOT NULL REFERENCES owners,
    uuid        BLOB NOT NULL CHECK (length(uuid) = 16),
    hash        BLOB NOT NULL CHECK (length(hash) = 32), -- SHA-256 of the original
    title       TEXT NOT NULL,
    source      TEXT NOT NULL,
    file_type   TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    filename    TEXT NOT NULL,
    names       TEXT NOT NULL,      -- title, source, filename, folded: what a list's q looks in
    summary     TEXT,
    importance  REAL NOT NULL,
    extra_json  TEXT NOT NULL,
    bytes       INTEGER NOT NULL,   -- of the original
    text_bytes  INTEGER NOT NULL,
    same_text   INTEGER NOT NULL,   -- 1: the original is the text itself and is not kept twice
    pages       INTEGER NOT NULL,
    n_chunks    INTEGER NOT NULL,
    model       TEXT NOT NULL,      -- encoder of the vectors
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX documents_uuid ON documents (owner_no, uuid);
CREATE UNIQUE INDEX documents_hash ON documents (owner_no, hash);
CREATE INDEX documents_updated ON documents (owner_no, updated_at, doc_no);
CREATE INDEX documents_created ON documents (owner_no, created_at, doc_no);
CREATE INDEX documents_title ON documents (owner_no, title COLLATE NOCASE, doc_no);
CREATE INDEX documents_type ON documents (owner_no, file_type);
CREATE INDEX documents_source ON documents (owner_no, source);

-- Bytes in parts, so that a range or a passage reads what it needs and no more. A part's key is
-- doc_no * 65536 + its number: one b-tree, no index beside it. (A foreign key would need one; the
-- check looks for parts without a document instead.)
CREATE TABLE original_parts (
    key  INTEGER PRIMARY KEY,       -- part n: bytes [n * 262144, ...)
    data BLOB NOT NULL
);
CREATE TABLE text_parts (
    key  INTEGER PRIMARY KEY,       -- part n: bytes [n * 32768, ...)
    data BLOB NOT NULL
);

CREATE TABLE tags (
    doc_no  INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    tag     TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (doc_no, tag)
) WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag, doc_no);

CREATE TABLE chunks (
    chunk_no INTEGER PRIMARY KEY,
    doc_no   INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    uuid     BLOB NOT NULL UNIQUE CHECK (length(uuid) = 16),
    ordinal  INTEGER NOT NULL,
    start    INTEGER NOT NULL,      -- byte offsets into the text
    "end"    INTEGER NOT NULL,
    page     INTEGER NOT NULL,
    context  TEXT NOT NULL
);
CREATE UNIQUE INDEX chunks_doc ON chunks (doc_no, ordinal);

-- Apart from chunks, so that reading passages does not drag 772 bytes of vector along.
CREATE TABLE vectors (
    chunk_no INTEGER PRIMARY KEY REFERENCES chunks ON DELETE CASCADE,
    code     BLOB NOT NULL
);

-- What FTS5 reads when it checks or rebuilds itself. A passage has at most 32768 bytes, so it lies
-- in one part or across two.
CREATE VIEW chunk_texts AS
SELECT c.chunk_no AS chunk_no,
       CAST(CASE WHEN c."end" <= (c.start / 32768 + 1) * 32768
                 THEN substr(p.data, c.start % 32768 + 1, c."end" - c.start)
                 ELSE substr(CAST(p.data || (SELECT q.data FROM text_parts q
                                             WHERE q.key = p.key + 1)
                                  AS BLOB), c.start % 32768 + 1, c."end" - c.start)
            END AS TEXT) AS body,
       c.context AS context
FROM chunks c JOIN text_parts p ON p.key = c.doc_no * 65536 + c.start / 32768;

CREATE VIRTUAL TABLE chunk_fts USING fts5(
    body, context, content = 'chunk_texts', content_rowid = 'chunk_no', columnsize = 0,
    tokenize = 'porter unicode61 remove_diacritics 2');

-- Words as people write them (folded, not stemmed), for completion and for prefixes.
CREATE TABLE words (
    owner_no INTEGER NOT NULL REFERENCES owners,
    word     TEXT NOT NULL,
    stem     TEXT NOT NULL,
    PRIMARY KEY (owner_no, word)
) WITHOUT ROWID;

-- What the vector and keyword caches replay: passages [first_chunk, last_chunk] came or went. `seq`
-- grows by a random step, so that a cache of another history (a restored backup) is recognised.
CREATE TABLE changes (
    seq         INTEGER PRIMARY KEY,
    owner_no    INTEGER NOT NULL REFERENCES owners,
    doc_no      INTEGER NOT NULL,
    gone        INTEGER NOT NULL,
    first_chunk INTEGER NOT NULL,
    last_chunk  INTEGER NOT NULL
);
CREATE INDEX changes_owner ON changes (owner_no, seq);

CREATE TABLE ledger (
    owner_no  INTEGER NOT NULL REFERENCES owners,
    source    TEXT NOT NULL,
    state     INTEGER NOT NULL,
    reason    TEXT NOT NULL,
    document  BLOB,
    file_type TEXT NOT NULL,
    hash      BLOB NOT NULL,
    bytes     INTEGER NOT NULL,
    mtime_ms  INTEGER NOT NULL,
    n_chunks  INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (owner_no, source)
) WITHOUT ROWID;
CREATE INDEX ledger_state ON ledger (owner_no, state, source);

CREATE TABLE folders (
    folder_no  INTEGER PRIMARY KEY,
    owner_no   INTEGER NOT NULL REFERENCES owners,
    uuid       BLOB NOT NULL CHECK (length(uuid) = 16),
    path       TEXT NOT NULL,
    include    TEXT NOT NULL,       -- JSON arrays of patterns
    exclude    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (owner_no, uuid),
    UNIQUE (owner_no, path)
);
