-- The context pack includes adaptations for every query, as it does preferences.
DROP INDEX IF EXISTS idx_memories_persons;
DROP INDEX IF EXISTS idx_memories_all_persons;
CREATE INDEX IF NOT EXISTS idx_memories_personal ON memories (project, status, confidence DESC, created_at, id)
    WHERE memory_type IN ('identity', 'preference', 'adaptation');
CREATE INDEX IF NOT EXISTS idx_memories_all_personal ON memories (status, confidence DESC, created_at, id)
    WHERE memory_type IN ('identity', 'preference', 'adaptation');
