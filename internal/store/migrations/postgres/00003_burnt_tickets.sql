-- +goose Up
-- Tickets that were used, until they are void anyway.
CREATE TABLE burnt_tickets (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    expires_at BIGINT NOT NULL
);
CREATE INDEX burnt_tickets_by_expiry ON burnt_tickets (expires_at);

-- +goose Down
DROP TABLE burnt_tickets;
