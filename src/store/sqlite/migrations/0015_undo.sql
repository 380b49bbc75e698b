-- The operation that an operation undoes, by its handle.
ALTER TABLE operations ADD COLUMN undoes TEXT NOT NULL DEFAULT '';
CREATE INDEX idx_operations_undoes ON operations (undoes, last_seq) WHERE undoes <> '';
