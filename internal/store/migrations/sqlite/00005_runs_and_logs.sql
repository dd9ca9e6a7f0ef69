-- +goose Up
-- One row for each run of an instance: what the manager knew of it last. It stays when the resource is gone.
CREATE TABLE runs (
    uid             TEXT    NOT NULL PRIMARY KEY CHECK (length(uid) BETWEEN 1 AND 128),
    instance_uid    TEXT    NOT NULL CHECK (length(instance_uid) <= 128),
    name            TEXT    NOT NULL CHECK (length(name) <= 253),
    namespace       TEXT    NOT NULL CHECK (length(namespace) <= 63),
    generation_id   TEXT    NOT NULL CHECK (length(generation_id) <= 128),
    user_id         TEXT    NOT NULL CHECK (length(user_id) <= 128),
    project_id      TEXT    NOT NULL CHECK (length(project_id) <= 128),
    version         TEXT    NOT NULL CHECK (length(version) <= 128),
    runtime         TEXT    NOT NULL CHECK (length(runtime) <= 253),
    phase           TEXT    NOT NULL CHECK (length(phase) <= 64),
    reason          TEXT    NOT NULL CHECK (length(reason) <= 64),
    failure_reason  TEXT    NOT NULL CHECK (length(failure_reason) <= 64),
    failure_message TEXT    NOT NULL CHECK (length(failure_message) <= 4096),
    exit_code       BIGINT,
    failed_at       BIGINT,
    port            BIGINT  NOT NULL,
    node            TEXT    NOT NULL CHECK (length(node) <= 253),
    restarts        BIGINT  NOT NULL,
    created_at      BIGINT  NOT NULL,
    started_at      BIGINT,
    stopped_at      BIGINT,
    details         TEXT    NOT NULL CHECK (length(details) <= 16384),
    -- Facts of a lower revision never replace those of a higher one.
    revision        BIGINT  NOT NULL,
    updated_at      BIGINT  NOT NULL
);
CREATE INDEX runs_by_generation ON runs (generation_id, created_at DESC, uid);
CREATE INDEX runs_by_user ON runs (user_id, created_at DESC, uid);
CREATE INDEX runs_by_creation ON runs (created_at DESC, uid);

-- What is known of the log of a run. Who appends to a log locks its row first: the ids of a log's lines grow in the
-- order in which they can be read, so that a reader who goes on after an id misses none.
CREATE TABLE run_logs (
    run_uid        TEXT    NOT NULL PRIMARY KEY CHECK (length(run_uid) BETWEEN 1 AND 128),
    -- Stored in all, also when the log was removed since.
    lines          BIGINT  NOT NULL DEFAULT 0,
    system_lines   BIGINT  NOT NULL DEFAULT 0,
    -- Space that the log takes, about.
    bytes          BIGINT  NOT NULL DEFAULT 0,
    last_id        BIGINT  NOT NULL DEFAULT 0,
    -- Highest numbers ever stored: they outlive the lines, so that none is stored again.
    subprocess_seq BIGINT  NOT NULL DEFAULT 0,
    system_seq     BIGINT  NOT NULL DEFAULT 0,
    complete       BOOLEAN NOT NULL DEFAULT FALSE,
    missing_from   BIGINT,
    lines_missing  BIGINT,
    removed_at     BIGINT,
    appended_at    BIGINT  NOT NULL
);
CREATE INDEX run_logs_held ON run_logs (run_uid) WHERE bytes > 0;

CREATE TABLE logs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    run_uid TEXT    NOT NULL,
    source  TEXT    NOT NULL CHECK (source IN ('subprocess', 'system')),
    seq     BIGINT  NOT NULL CHECK (seq > 0),
    at      BIGINT  NOT NULL,
    level   TEXT    NOT NULL CHECK (length(level) <= 16),
    message TEXT    NOT NULL,
    partial BOOLEAN NOT NULL,
    UNIQUE (run_uid, source, seq)
);
CREATE INDEX logs_by_run ON logs (run_uid, id);

-- +goose Down
DROP TABLE logs;
DROP TABLE run_logs;
DROP TABLE runs;
