-- The facts that marks are derived from: how often the content of an entity changed, which versions
-- of its ends a link was reviewed against, and digests of cited sources. Every link counts as reviewed.

ALTER TABLE entities ADD COLUMN content_version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE entities ADD COLUMN source_digests TEXT NOT NULL DEFAULT '{}';
ALTER TABLE memories ADD COLUMN source_digests TEXT NOT NULL DEFAULT '{}';
ALTER TABLE relationships ADD COLUMN reviewed_source INTEGER NOT NULL DEFAULT 1;
ALTER TABLE relationships ADD COLUMN reviewed_target INTEGER NOT NULL DEFAULT 1;

-- The identifier of a row outside of this store.
ALTER TABLE entities ADD COLUMN uid TEXT NOT NULL DEFAULT '';
ALTER TABLE memories ADD COLUMN uid TEXT NOT NULL DEFAULT '';
CREATE INDEX idx_entities_uid ON entities (uid COLLATE NOCASE, project) WHERE uid <> '';
CREATE INDEX idx_memories_uid ON memories (uid COLLATE NOCASE, project) WHERE uid <> '';

-- Few entities change after their links were made, so the ends of many links are looked up fast.
CREATE INDEX idx_entities_revised ON entities (id, content_version) WHERE content_version > 1;
