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

-- Questions.
CREATE INDEX IF NOT EXISTS idx_entities_type ON entities (entity_type, project, status, name, id);

-- Derived from the audit: which of its rows are about which project.
CREATE TABLE IF NOT EXISTS audit_places (
    project TEXT NOT NULL,
    at TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (project, at, seq)
) STRICT, WITHOUT ROWID;

-- Sources, interactions, upkeep.

-- In and out.
