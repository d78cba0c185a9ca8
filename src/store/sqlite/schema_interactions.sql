-- schema_interactions.sql - what was said aloud, and the answer as the client was given it.
-- docs/STORAGE.md says why. Times are ms since 1970.

CREATE TABLE interactions (
    interaction_no INTEGER PRIMARY KEY,
    owner_no INTEGER NOT NULL REFERENCES owners,
    uuid     BLOB NOT NULL CHECK (length(uuid) = 16),
    session  BLOB CHECK (length(session) = 16), -- uuid of the conversation; NULL: of none
    at       INTEGER NOT NULL,
    body     TEXT NOT NULL                      -- JSON object
);
CREATE UNIQUE INDEX interactions_uuid ON interactions (owner_no, uuid);
CREATE INDEX interactions_at ON interactions (owner_no, at, interaction_no);
CREATE INDEX interactions_session ON interactions (owner_no, session) WHERE session IS NOT NULL;
-- What was said in a conversation goes with it.
CREATE TRIGGER interactions_go AFTER DELETE ON sessions BEGIN
    DELETE FROM interactions WHERE owner_no = old.owner_no AND session = old.uuid;
END;
