-- +goose Up
-- The order in which records of ended runs are removed.
CREATE INDEX runs_by_end ON runs (stopped_at, uid) WHERE stopped_at IS NOT NULL;

-- +goose Down
DROP INDEX runs_by_end;
