-- For levels of requirements: links to the requirement that another one refines, and rows with a waiver.
CREATE INDEX idx_relationships_refines
    ON relationships (relationship_type, target_entity_id, source_entity_id)
    WHERE relationship_type = 'refines' AND status = 'active';
CREATE INDEX idx_entities_waived ON entities (id) WHERE instr(properties, '"waived"') > 0;
-- For pages of requirements: each continues at its place in the order of names.
CREATE INDEX idx_entities_place ON entities
    (entity_type, lower(substr(name, 1, 24)), id, project, status);
