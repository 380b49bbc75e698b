-- The ontology by which the claims are derived, if a file extended the built-in one; at most one row.
-- missed: whether a program without its slots has changed rows since. It is of this file only.
CREATE TABLE used_ontology (
    place INTEGER PRIMARY KEY NOT NULL CHECK (place = 1),
    digest TEXT NOT NULL,
    slots TEXT NOT NULL,
    missed INTEGER NOT NULL DEFAULT 0
) STRICT;
