-- Proposed revisions: pending changes of active rows.
CREATE TABLE IF NOT EXISTS revisions (
    id TEXT PRIMARY KEY NOT NULL,
    handle TEXT,
    action TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    project TEXT NOT NULL DEFAULT '',
    base_version INTEGER NOT NULL DEFAULT 0,
    base TEXT NOT NULL DEFAULT '{}',
    changes TEXT NOT NULL DEFAULT '{}',
    successor_id TEXT,
    status TEXT NOT NULL,
    actor TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '',
    note TEXT NOT NULL DEFAULT '',
    source TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS idx_revisions_handle ON revisions (handle);
CREATE INDEX IF NOT EXISTS idx_revisions_subject ON revisions (subject_id, created_at, id);
CREATE INDEX IF NOT EXISTS idx_revisions_successor ON revisions (successor_id, created_at, id)
    WHERE successor_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_revisions_status ON revisions (status, created_at, id);
CREATE INDEX IF NOT EXISTS idx_revisions_project ON revisions (project, status, created_at, id);
