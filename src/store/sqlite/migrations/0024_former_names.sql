-- The earlier names and uids of rows, which lead to them as long as no other row has them now.
CREATE TABLE former_names (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    is_uid INTEGER NOT NULL,
    folded TEXT NOT NULL,
    name TEXT NOT NULL,
    ended_at TEXT NOT NULL,
    PRIMARY KEY (owner_kind, owner_id, is_uid, folded)
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_former_names_folded ON former_names (folded, owner_kind);
