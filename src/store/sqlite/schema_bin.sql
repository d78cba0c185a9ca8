-- schema_bin.sql - conversations that were deleted and can be brought back for a day.
-- docs/STORAGE.md says why.

ALTER TABLE sessions ADD COLUMN binned_at INTEGER; -- NULL: it is there
CREATE INDEX sessions_binned ON sessions (owner_no, binned_at) WHERE binned_at IS NOT NULL;
