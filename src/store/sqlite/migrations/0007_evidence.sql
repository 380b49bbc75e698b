-- For evidence with a sign: links that contradict, and results with an outcome. Both are few rows.
CREATE INDEX idx_relationships_conflicts_with
    ON relationships (relationship_type, target_entity_id, source_entity_id)
    WHERE relationship_type = 'conflicts_with' AND status = 'active';
CREATE INDEX idx_entities_outcome ON entities (entity_type, id)
    WHERE instr(properties, '"outcome"') > 0;
