-- Handles, by which people and models name rows. Rows from before get theirs in handles.rs.

ALTER TABLE projects ADD COLUMN handle TEXT;
ALTER TABLE source_documents ADD COLUMN handle TEXT;
ALTER TABLE source_chunks ADD COLUMN handle TEXT;
ALTER TABLE entities ADD COLUMN handle TEXT;
ALTER TABLE memories ADD COLUMN handle TEXT;
ALTER TABLE relationships ADD COLUMN handle TEXT;
ALTER TABLE project_state ADD COLUMN handle TEXT;
ALTER TABLE interactions ADD COLUMN handle TEXT;
ALTER TABLE conflicts ADD COLUMN handle TEXT;

CREATE UNIQUE INDEX idx_projects_handle ON projects (handle);
CREATE UNIQUE INDEX idx_documents_handle ON source_documents (handle);
CREATE UNIQUE INDEX idx_chunks_handle ON source_chunks (handle);
CREATE UNIQUE INDEX idx_entities_handle ON entities (handle);
CREATE UNIQUE INDEX idx_memories_handle ON memories (handle);
CREATE UNIQUE INDEX idx_relationships_handle ON relationships (handle);
CREATE UNIQUE INDEX idx_state_handle ON project_state (handle);
CREATE UNIQUE INDEX idx_interactions_handle ON interactions (handle);
CREATE UNIQUE INDEX idx_conflicts_handle ON conflicts (handle);
