-- The tables. A database of the Python system keeps the tables that it has; the columns that
-- they lack are added from this file (see python.rs). Instants are written by the program.

CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'active',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS project_aliases (
    alias TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id)
) STRICT;

CREATE TABLE IF NOT EXISTS source_documents (
    id TEXT PRIMARY KEY NOT NULL,
    file_path TEXT NOT NULL UNIQUE,
    file_hash TEXT NOT NULL,
    title TEXT,
    doc_type TEXT NOT NULL DEFAULT 'markdown',
    tags TEXT NOT NULL DEFAULT '[]',
    project TEXT NOT NULL DEFAULT '',
    ingested_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS source_chunks (
    id TEXT PRIMARY KEY NOT NULL,
    document_id TEXT NOT NULL REFERENCES source_documents (id) ON DELETE CASCADE,
    chunk_index INTEGER NOT NULL,
    content TEXT NOT NULL,
    heading_path TEXT NOT NULL DEFAULT '',
    char_count INTEGER NOT NULL,
    metadata TEXT NOT NULL DEFAULT '{}',
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS entities (
    id TEXT PRIMARY KEY NOT NULL,
    entity_type TEXT NOT NULL,
    name TEXT NOT NULL,
    project TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    properties TEXT NOT NULL DEFAULT '{}',
    status TEXT NOT NULL DEFAULT 'active',
    confidence REAL NOT NULL DEFAULT 1.0,
    source_refs TEXT NOT NULL DEFAULT '[]',
    extractor_version TEXT NOT NULL DEFAULT '',
    canonical_home TEXT NOT NULL DEFAULT 'entity',
    hand_authored INTEGER NOT NULL DEFAULT 0,
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS memories (
    id TEXT PRIMARY KEY NOT NULL,
    memory_type TEXT NOT NULL,
    content TEXT NOT NULL,
    subject TEXT NOT NULL DEFAULT '',
    project TEXT NOT NULL DEFAULT '',
    source_chunk_id TEXT REFERENCES source_chunks (id) ON DELETE SET NULL,
    confidence REAL NOT NULL DEFAULT 1.0,
    status TEXT NOT NULL DEFAULT 'active',
    last_referenced_at TEXT,
    reference_count INTEGER NOT NULL DEFAULT 0,
    domain_tags TEXT NOT NULL DEFAULT '[]',
    valid_until TEXT,
    graduated_to_entity_id TEXT,
    superseded_by TEXT,
    version INTEGER NOT NULL DEFAULT 1,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS relationships (
    id TEXT PRIMARY KEY NOT NULL,
    source_entity_id TEXT NOT NULL REFERENCES entities (id),
    target_entity_id TEXT NOT NULL REFERENCES entities (id),
    relationship_type TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'active',
    confidence REAL NOT NULL DEFAULT 1.0,
    source_refs TEXT NOT NULL DEFAULT '[]',
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS project_state (
    id TEXT PRIMARY KEY NOT NULL,
    project_id TEXT NOT NULL REFERENCES projects (id),
    category TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    confidence REAL NOT NULL DEFAULT 1.0,
    status TEXT NOT NULL DEFAULT 'active',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS interactions (
    id TEXT PRIMARY KEY NOT NULL,
    prompt TEXT NOT NULL,
    context_pack TEXT NOT NULL DEFAULT '{}',
    response_summary TEXT NOT NULL DEFAULT '',
    response TEXT NOT NULL DEFAULT '',
    memories_used TEXT NOT NULL DEFAULT '[]',
    chunks_used TEXT NOT NULL DEFAULT '[]',
    client TEXT NOT NULL DEFAULT '',
    session_id TEXT NOT NULL DEFAULT '',
    project TEXT NOT NULL DEFAULT '',
    project_id TEXT,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS memory_audit (
    seq INTEGER NOT NULL DEFAULT 0,
    id TEXT PRIMARY KEY NOT NULL,
    memory_id TEXT NOT NULL,
    entity_kind TEXT NOT NULL DEFAULT 'memory',
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    before_json TEXT NOT NULL DEFAULT '{}',
    after_json TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT '',
    timestamp TEXT NOT NULL,
    before_digest TEXT NOT NULL DEFAULT '',
    after_digest TEXT NOT NULL DEFAULT '',
    note_digest TEXT NOT NULL DEFAULT '',
    prev_hash TEXT NOT NULL DEFAULT '',
    hash TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE IF NOT EXISTS conflicts (
    id TEXT PRIMARY KEY NOT NULL,
    slot_kind TEXT NOT NULL,
    slot_key TEXT NOT NULL,
    project TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT 'open',
    resolution TEXT NOT NULL DEFAULT '',
    resolved_at TEXT,
    detected_at TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE IF NOT EXISTS conflict_members (
    id TEXT PRIMARY KEY NOT NULL,
    conflict_id TEXT NOT NULL REFERENCES conflicts (id) ON DELETE CASCADE,
    member_kind TEXT NOT NULL,
    member_id TEXT NOT NULL,
    member_layer_trust INTEGER NOT NULL DEFAULT 0,
    value_snapshot TEXT NOT NULL DEFAULT '',
    value_key TEXT NOT NULL DEFAULT '',
    left_at TEXT
) STRICT;

-- Derived from the active rows; `atocore rebuild-claims` makes it afresh.
CREATE TABLE IF NOT EXISTS claims (
    owner_kind TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    slot_kind TEXT NOT NULL,
    slot_key TEXT NOT NULL COLLATE NOCASE,
    project TEXT NOT NULL,
    value TEXT NOT NULL,
    value_key TEXT NOT NULL,
    PRIMARY KEY (owner_id, owner_kind, slot_kind)
) STRICT, WITHOUT ROWID;
