-- The handoff that an interaction is, as JSON; empty for a prompt with its response.
ALTER TABLE interactions ADD COLUMN handoff TEXT NOT NULL DEFAULT '';
CREATE INDEX idx_interactions_handoffs ON interactions (project, created_at) WHERE handoff <> '';
