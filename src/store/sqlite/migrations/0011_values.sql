-- Values and names are compared in another form. Claims are derived again after the migrations, and so are
-- the names and keys whose folded form (NFKC, full case folding, one kind of hyphen) is not that of the
-- case-insensitive comparison of SQLite.

DROP TABLE IF EXISTS claims;
CREATE TABLE claims (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    slot_kind TEXT NOT NULL,
    slot_key TEXT NOT NULL,
    folded_key TEXT NOT NULL,
    project TEXT NOT NULL,
    value TEXT NOT NULL,
    value_key TEXT NOT NULL,
    PRIMARY KEY (owner_id, owner_kind, slot_kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_claims_slot ON claims (folded_key, project, slot_kind);

CREATE TABLE folded_names (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (owner_id, owner_kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_folded_names ON folded_names (folded, owner_kind);

-- 1 where value_key is in the present form; the upgrade converts the others.
ALTER TABLE conflict_members ADD COLUMN is_converted INTEGER;
