-- +goose Up
-- One row for each Idempotency-Key of a user: while its request is served, and with the answer until it expires.
CREATE TABLE idempotency_keys (
    user_id         TEXT COLLATE "C" NOT NULL CHECK (length(user_id) BETWEEN 1 AND 128),
    idempotency_key TEXT COLLATE "C" NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    request_digest  TEXT COLLATE "C" NOT NULL CHECK (length(request_digest) BETWEEN 1 AND 128),
    begun_at        BIGINT  NOT NULL,
    -- Also tells the holders of a key apart: each later one has a later lease.
    lease_until     BIGINT  NOT NULL,
    expires_at      BIGINT  NOT NULL,
    -- 0 while the request is served.
    status          BIGINT  NOT NULL,
    body            BYTEA   NOT NULL CHECK (length(body) <= 16384),
    PRIMARY KEY (user_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (user_id, begun_at);

-- +goose Down
DROP TABLE idempotency_keys;
