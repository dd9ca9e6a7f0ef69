-- +goose Up
-- Text that is compared or sorted is collated by its bytes, as SQLite does it: no upgrade of a C library changes an index.
-- Times are microseconds since 1970 UTC: the one representation that every database of ours compares alike.
CREATE TABLE generations (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    user_id    TEXT COLLATE "C" NOT NULL CHECK (length(user_id) BETWEEN 1 AND 128),
    project_id TEXT COLLATE "C" NOT NULL CHECK (length(project_id) <= 128),
    version    TEXT COLLATE "C" NOT NULL CHECK (length(version) = 64),
    files      BIGINT  NOT NULL,
    bytes      BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);

-- The newest versions of each generation are kept: a running preview stays pinned to the one it was launched from,
-- and gets it again when its runner restarts.
CREATE TABLE generation_archives (
    generation_id TEXT COLLATE "C" NOT NULL REFERENCES generations (id) ON DELETE CASCADE,
    version       TEXT COLLATE "C" NOT NULL CHECK (length(version) = 64),
    archive       BYTEA  NOT NULL,
    stored_at     BIGINT NOT NULL,
    PRIMARY KEY (generation_id, version)
);

-- +goose Down
DROP TABLE generation_archives;
DROP TABLE generations;
