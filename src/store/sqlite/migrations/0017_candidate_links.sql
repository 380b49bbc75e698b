-- Links may be candidates, which wait in the review queue.
CREATE INDEX idx_relationships_waiting ON relationships (created_at, id)
    WHERE status = 'candidate';
