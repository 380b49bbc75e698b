-- Changes of a project in the order of the chain, whatever the clock said.
CREATE INDEX IF NOT EXISTS audit_places_by_chain ON audit_places (project, seq);
