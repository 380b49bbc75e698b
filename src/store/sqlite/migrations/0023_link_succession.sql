-- A link that a successor took over was never reviewed against it: that reviewed version is 0. Few links
-- are so, and their ends are looked up fast.
CREATE INDEX idx_relationships_unreviewed_source ON relationships (source_entity_id, target_entity_id)
    WHERE reviewed_source = 0 OR reviewed_target = 0;
CREATE INDEX idx_relationships_unreviewed_target ON relationships (target_entity_id, source_entity_id)
    WHERE reviewed_source = 0 OR reviewed_target = 0;
