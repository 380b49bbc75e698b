-- What answers need beside the rows: the full-text index, and indexes for the questions.

-- Search: one row here and one in search_text for each entity, memory and chunk.
CREATE TABLE IF NOT EXISTS search_rows (
    place INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    project TEXT NOT NULL,
    type TEXT NOT NULL,
    status TEXT NOT NULL,
    valid_until TEXT,
    UNIQUE (id, kind)
) STRICT;

-- Derived from the rows, word by word, by model/words.rs: the tokenizer only splits at spaces.
CREATE VIRTUAL TABLE IF NOT EXISTS search_text USING fts5 (
    title, body, context, content = '', contentless_delete = 1, tokenize = 'ascii'
);

-- The words of the index, for what somebody may have meant.
CREATE VIRTUAL TABLE IF NOT EXISTS search_words USING fts5vocab (search_text, row);

-- The context pack: who somebody is and what they like.
CREATE INDEX IF NOT EXISTS idx_memories_persons
    ON memories (project, status, confidence DESC, created_at, id)
    WHERE memory_type IN ('identity', 'preference');
CREATE INDEX IF NOT EXISTS idx_memories_all_persons
    ON memories (status, confidence DESC, created_at, id)
    WHERE memory_type IN ('identity', 'preference');

-- Questions.
-- By id, in which order the links are looked up: else each look-up is in another part of the file.
CREATE INDEX IF NOT EXISTS idx_entities_type ON entities (entity_type, project, status, id, name);
-- What a link to it does not count for: few rows, so that thousands of ends are looked up in no time.
CREATE INDEX IF NOT EXISTS idx_entities_inactive ON entities (id, status) WHERE status <> 'active';
CREATE INDEX IF NOT EXISTS idx_entities_flagged ON entities (id)
    WHERE instr(properties, '"flagged"') > 0;
-- In the place of those of 0002, with the status, so that no link has to be read to see if it holds.
CREATE INDEX IF NOT EXISTS idx_relationships_from
    ON relationships (source_entity_id, relationship_type, target_entity_id, status);
CREATE INDEX IF NOT EXISTS idx_relationships_to
    ON relationships (target_entity_id, relationship_type, source_entity_id, status);
-- For what is asked of every requirement and every claim: a fraction of the index above.
CREATE INDEX IF NOT EXISTS idx_relationships_satisfies
    ON relationships (target_entity_id, source_entity_id)
    WHERE relationship_type = 'satisfies' AND status = 'active';
CREATE INDEX IF NOT EXISTS idx_relationships_supports
    ON relationships (target_entity_id, source_entity_id)
    WHERE relationship_type = 'supports' AND status = 'active';
DROP INDEX IF EXISTS idx_relationships_source;
DROP INDEX IF EXISTS idx_relationships_target;

-- Derived from the audit: which of its rows are about which project.
CREATE TABLE IF NOT EXISTS audit_places (
    project TEXT NOT NULL,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (project, at, seq)
) STRICT, WITHOUT ROWID;

-- Sources, interactions, upkeep.

-- Where the file of a document was when it was last read. It holds for one machine, so it stands
-- beside the document and not in it.
CREATE TABLE IF NOT EXISTS source_files (
    document_id TEXT PRIMARY KEY NOT NULL REFERENCES source_documents (id) ON DELETE CASCADE,
    location TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX IF NOT EXISTS idx_documents_hash ON source_documents (file_hash, ingested_at, id);
CREATE INDEX IF NOT EXISTS idx_memories_chunk ON memories (source_chunk_id)
    WHERE source_chunk_id IS NOT NULL;

-- In and out.

-- From project name to project name, as they are written: those of 0002 take all cases as one.
CREATE INDEX IF NOT EXISTS idx_documents_names ON source_documents (project);
CREATE INDEX IF NOT EXISTS idx_interactions_names ON interactions (project);
