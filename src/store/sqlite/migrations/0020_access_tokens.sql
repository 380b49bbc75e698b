-- Tokens of callers over HTTP. Only the digest of a token is stored.
CREATE TABLE access_tokens (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL CHECK (role <> ''),
    digest TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    revoked_at TEXT NOT NULL DEFAULT ''
) STRICT;
