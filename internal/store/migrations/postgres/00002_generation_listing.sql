-- +goose Up
-- Each index has the order of a listing, newest first: a page costs as much as it has rows, wherever it begins.
CREATE INDEX generations_by_update ON generations (updated_at DESC, id);
CREATE INDEX generations_by_user ON generations (user_id, updated_at DESC, id);
CREATE INDEX generations_by_project ON generations (project_id, updated_at DESC, id);

-- +goose Down
DROP INDEX generations_by_project;
DROP INDEX generations_by_user;
DROP INDEX generations_by_update;
