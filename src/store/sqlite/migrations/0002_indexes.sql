-- Indexes for the look-ups that tools make, after every column is there, and the guard of the audit.

CREATE INDEX IF NOT EXISTS idx_projects_name ON projects (name COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS idx_project_aliases_alias ON project_aliases (alias COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS idx_project_aliases_project ON project_aliases (project_id);

CREATE INDEX IF NOT EXISTS idx_chunks_document ON source_chunks (document_id, chunk_index);
CREATE INDEX IF NOT EXISTS idx_documents_project ON source_documents (project COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS idx_interactions_project ON interactions (project COLLATE NOCASE);

CREATE INDEX IF NOT EXISTS idx_entities_name
    ON entities (name COLLATE NOCASE, entity_type, project, created_at, id);
CREATE INDEX IF NOT EXISTS idx_entities_status ON entities (status, created_at, id);
CREATE INDEX IF NOT EXISTS idx_entities_project ON entities (project, status, created_at, id);
CREATE INDEX IF NOT EXISTS idx_entities_alias ON entities (project COLLATE NOCASE);

CREATE INDEX IF NOT EXISTS idx_memories_content
    ON memories (project, memory_type, status, substr(content, 1, 64));
CREATE INDEX IF NOT EXISTS idx_memories_opening
    ON memories (substr(content, 1, 64) COLLATE NOCASE, project, created_at, id);
CREATE INDEX IF NOT EXISTS idx_memories_status
    ON memories (status, created_at, id, valid_until);
CREATE INDEX IF NOT EXISTS idx_memories_project
    ON memories (project, status, created_at, id, valid_until);
CREATE INDEX IF NOT EXISTS idx_memories_alias ON memories (project COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS idx_memories_superseded ON memories (superseded_by)
    WHERE superseded_by IS NOT NULL;

CREATE INDEX IF NOT EXISTS idx_relationships_source
    ON relationships (source_entity_id, relationship_type, target_entity_id);
CREATE INDEX IF NOT EXISTS idx_relationships_target
    ON relationships (target_entity_id, relationship_type, source_entity_id);

CREATE UNIQUE INDEX IF NOT EXISTS idx_state_active
    ON project_state (project_id, category, key) WHERE status = 'active';
CREATE INDEX IF NOT EXISTS idx_state_project ON project_state (project_id, category, key);

CREATE UNIQUE INDEX IF NOT EXISTS idx_audit_seq ON memory_audit (seq);
CREATE INDEX IF NOT EXISTS idx_audit_subject ON memory_audit (memory_id, seq);

CREATE INDEX IF NOT EXISTS idx_conflicts_slot ON conflicts (slot_key COLLATE NOCASE, project);
CREATE INDEX IF NOT EXISTS idx_conflicts_alias ON conflicts (project COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS idx_conflicts_status ON conflicts (status, detected_at, id);
CREATE INDEX IF NOT EXISTS idx_conflict_members_conflict ON conflict_members (conflict_id);
CREATE INDEX IF NOT EXISTS idx_conflict_members_member ON conflict_members (member_id);

CREATE INDEX IF NOT EXISTS idx_claims_slot ON claims (slot_key COLLATE NOCASE, project, slot_kind);

CREATE TRIGGER IF NOT EXISTS memory_audit_keeps_rows BEFORE DELETE ON memory_audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no row may be deleted'); END;

CREATE TRIGGER IF NOT EXISTS memory_audit_keeps_content BEFORE UPDATE ON memory_audit
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no row may be changed'); END;

-- REPLACE deletes without a word where recursive_triggers is off, as it is in other programs.
CREATE TRIGGER IF NOT EXISTS memory_audit_keeps_places BEFORE INSERT ON memory_audit
WHEN EXISTS (SELECT 1 FROM memory_audit WHERE id = NEW.id)
    OR EXISTS (SELECT 1 FROM memory_audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'the audit is append-only: no row may take the place of another'); END;
