-- +goose Up
-- Times are microseconds since 1970 UTC: the one representation that every database of ours compares alike.
CREATE TABLE generations (
    id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    user_id    TEXT    NOT NULL CHECK (length(user_id) BETWEEN 1 AND 128),
    project_id TEXT    NOT NULL CHECK (length(project_id) <= 128),
    version    TEXT    NOT NULL CHECK (length(version) = 64),
    files      INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);

-- The newest versions of each generation are kept: a running preview stays pinned to the one it was launched from,
-- and gets it again when its runner restarts.
CREATE TABLE generation_archives (
    generation_id TEXT   NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    version       TEXT   NOT NULL CHECK (length(version) = 64),
    archive       BLOB   NOT NULL,
    stored_at     BIGINT NOT NULL,
    PRIMARY KEY (generation_id, version)
);

-- +goose Down
DROP TABLE generation_archives;
DROP TABLE generations;
