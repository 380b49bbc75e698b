-- Write safety and redaction.

-- What a call with an idempotency key was answered with, until the key expires. It is of this file
-- only: no export holds it.
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key TEXT PRIMARY KEY NOT NULL,
    request_digest TEXT NOT NULL,
    answer TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS idx_idempotency_keys_end ON idempotency_keys (expires_at);

-- In the place of that of 0002: contents may be cleared, once a later row says that the subject was
-- redacted. A row from before the chain, which has no digests, keeps its seal in before_digest. What
-- a redacted row itself proves, and its reason, stay.
DROP TRIGGER IF EXISTS memory_audit_keeps_content;
CREATE TRIGGER IF NOT EXISTS memory_audit_keeps_content BEFORE UPDATE ON memory_audit
WHEN (NEW.seq, NEW.id, NEW.memory_id, NEW.entity_kind, NEW.action, NEW.actor, NEW.timestamp,
        NEW.after_digest, NEW.note_digest, NEW.prev_hash, NEW.hash)
    IS NOT (OLD.seq, OLD.id, OLD.memory_id, OLD.entity_kind, OLD.action, OLD.actor, OLD.timestamp,
        OLD.after_digest, OLD.note_digest, OLD.prev_hash, OLD.hash)
    OR NEW.before_digest IS NOT OLD.before_digest
        AND (OLD.hash IS NOT '' OR OLD.before_digest IS NOT '')
    OR NEW.before_json IS NOT OLD.before_json
        AND (NEW.before_json IS NOT '' OR OLD.action IS 'redacted')
    OR NEW.after_json IS NOT OLD.after_json AND NEW.after_json IS NOT ''
    OR NEW.note IS NOT OLD.note AND (NEW.note IS NOT '' OR OLD.action IS 'redacted')
    OR NOT EXISTS (SELECT 1 FROM memory_audit WHERE memory_id = OLD.memory_id
        AND action = 'redacted' AND entity_kind = OLD.entity_kind AND seq > OLD.seq)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no row may be changed'); END;
