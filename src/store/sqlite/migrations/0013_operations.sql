-- Operations: each write, with the range of its audit rows.
CREATE TABLE IF NOT EXISTS operations (
    id TEXT PRIMARY KEY NOT NULL,
    handle TEXT,
    name TEXT NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    committed_at TEXT NOT NULL,
    client TEXT NOT NULL DEFAULT '',
    actor TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS idx_operations_handle ON operations (handle);
CREATE INDEX IF NOT EXISTS idx_operations_end ON operations (last_seq);

-- Who called, in which operation, and who approved it. Rows from before have hash version 1.
ALTER TABLE memory_audit ADD COLUMN client TEXT NOT NULL DEFAULT '';
ALTER TABLE memory_audit ADD COLUMN operation TEXT NOT NULL DEFAULT '';
ALTER TABLE memory_audit ADD COLUMN approval TEXT NOT NULL DEFAULT '';
ALTER TABLE memory_audit ADD COLUMN approval_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE memory_audit ADD COLUMN hash_version INTEGER NOT NULL DEFAULT 1;
CREATE INDEX IF NOT EXISTS idx_audit_operation ON memory_audit (operation, seq)
    WHERE operation <> '';

-- In the place of that of 0004: it covers the new columns; an approval may be cleared like a note.
DROP TRIGGER IF EXISTS memory_audit_keeps_content;
CREATE TRIGGER IF NOT EXISTS memory_audit_keeps_content BEFORE UPDATE ON memory_audit
WHEN (NEW.seq, NEW.id, NEW.memory_id, NEW.entity_kind, NEW.action, NEW.actor, NEW.timestamp,
        NEW.after_digest, NEW.note_digest, NEW.prev_hash, NEW.hash, NEW.client, NEW.operation,
        NEW.approval_digest, NEW.hash_version)
    IS NOT (OLD.seq, OLD.id, OLD.memory_id, OLD.entity_kind, OLD.action, OLD.actor, OLD.timestamp,
        OLD.after_digest, OLD.note_digest, OLD.prev_hash, OLD.hash, OLD.client, OLD.operation,
        OLD.approval_digest, OLD.hash_version)
    OR NEW.before_digest IS NOT OLD.before_digest
        AND (OLD.hash IS NOT '' OR OLD.before_digest IS NOT '')
    OR NEW.before_json IS NOT OLD.before_json
        AND (NEW.before_json IS NOT '' OR OLD.action IS 'redacted')
    OR NEW.after_json IS NOT OLD.after_json AND NEW.after_json IS NOT ''
    OR NEW.note IS NOT OLD.note AND (NEW.note IS NOT '' OR OLD.action IS 'redacted')
    OR NEW.approval IS NOT OLD.approval AND (NEW.approval IS NOT '' OR OLD.action IS 'redacted')
    OR NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = OLD.memory_id
        AND action = 'redacted' AND entity_kind = OLD.entity_kind AND seq > OLD.seq)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no row may be changed'); END;
