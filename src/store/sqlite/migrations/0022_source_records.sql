-- What each source of imports said last of a row: digests of the fields, so that no content is kept twice.
-- The identity is a digest of the uid or key by which the source names the row.
CREATE TABLE source_records (
    source TEXT NOT NULL CHECK (source <> ''),
    kind TEXT NOT NULL,
    row_id TEXT NOT NULL,
    identity TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '{}',
    run INTEGER NOT NULL,
    PRIMARY KEY (source, kind, row_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_source_records_identity ON source_records (source, kind, identity) WHERE identity <> '';
CREATE INDEX idx_source_records_row ON source_records (kind, row_id);
CREATE INDEX idx_source_records_run ON source_records (source, run);
