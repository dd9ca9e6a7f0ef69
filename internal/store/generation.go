package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"
)

// VersionsKept is how many versions of a generation are kept, the newest included. A preview runs the version it was
// launched from, and needs it again only if its pod restarts.
const VersionsKept = 4

// MaxArchiveBytes bounds a stored archive, in bytes.
const MaxArchiveBytes = 10 << 20

var (
	// ErrNotFound: there is no generation of that id, or none of that version any more.
	ErrNotFound = errors.New("generation not found")
	// ErrNotOwner: the generation belongs to another user.
	ErrNotOwner = errors.New("generation belongs to another user")
)

// Meta describes a stored generation.
type Meta struct {
	ID        string
	UserID    string
	ProjectID string
	// Version is the Digest of the files.
	Version string
	// Files and Bytes count the files and the bytes of their contents.
	Files int
	Bytes int64
	// CreatedAt is when the generation was first stored, UpdatedAt when it was last replaced.
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Content is what a generation consists of.
type Content struct {
	// Version is the Digest of the files.
	Version string
	Files   int
	Bytes   int64
	// Archive is the files as a gzip-compressed tar archive.
	Archive []byte
}

// Digest is the version of a set of files: the hexadecimal SHA-256 of their paths and contents in the order of the
// paths, each preceded by its length. It does not depend on how they were uploaded or compressed.
func Digest(files map[string][]byte) string {
	sum := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		writeField(sum, []byte(path))
		writeField(sum, files[path])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// writeField writes a length and the bytes, so that two different lists of fields never hash the same bytes.
func writeField(to hash.Hash, field []byte) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(len(field)))
	to.Write(length[:])
	to.Write(field)
}

// Generation returns what is stored about a generation. It fails with ErrNotFound.
func (s *Store) Generation(ctx context.Context, id string) (Meta, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	meta, err := scanMeta(s.db.QueryRowContext(ctx,
		`SELECT id, user_id, project_id, version, files, bytes, created_at, updated_at FROM generations WHERE id = $1`, id))
	return meta, wrap("read", id, err)
}

// Archive returns the files of a generation as a gzip-compressed tar archive. An empty version means the newest. It
// fails with ErrNotFound when there is no such generation or that version is not kept any more.
func (s *Store) Archive(ctx context.Context, id, version string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	var archive []byte
	err := s.db.QueryRowContext(ctx,
		`SELECT a.archive FROM generation_archives a JOIN generations g ON g.id = a.generation_id
		 WHERE g.id = $1 AND a.version = CASE WHEN $2 = '' THEN g.version ELSE $2 END`, id, version).Scan(&archive)
	return archive, wrap("read the archive of", id, err)
}

// Put stores a generation or replaces the one of the same id, and reports whether it is new. It fails with ErrNotOwner
// when another user owns that id.
func (s *Store) Put(ctx context.Context, id, userID, projectID string, content Content) (meta Meta, created bool, err error) {
	if len(content.Archive) > MaxArchiveBytes {
		return Meta{}, false, fmt.Errorf("store: the archive has %d bytes, at most %d are stored", len(content.Archive), MaxArchiveBytes)
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	now := s.now().UnixMicro()
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT count(*) = 0 FROM generations WHERE id = $1`, id).Scan(&created); err != nil {
			return err
		}
		meta, err = upsert(ctx, tx, Meta{ID: id, UserID: userID, ProjectID: projectID, Version: content.Version, Files: content.Files, Bytes: content.Bytes}, now)
		if err != nil {
			return err
		}
		return putArchive(ctx, tx, id, content, now)
	})
	if err != nil {
		return Meta{}, false, wrap("store", id, err)
	}
	return meta, created, nil
}

// upsert decides about the owner in the same statement that writes, so that no transaction level lets two users'
// first uploads of one id overwrite each other.
func upsert(ctx context.Context, tx *sql.Tx, meta Meta, now int64) (Meta, error) {
	stored, err := scanMeta(tx.QueryRowContext(ctx,
		`INSERT INTO generations (id, user_id, project_id, version, files, bytes, created_at, updated_at)
		 VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
		 ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, version = excluded.version,
		   files = excluded.files, bytes = excluded.bytes, updated_at = excluded.updated_at
		 WHERE generations.user_id = excluded.user_id
		 RETURNING id, user_id, project_id, version, files, bytes, created_at, updated_at`,
		meta.ID, meta.UserID, meta.ProjectID, meta.Version, meta.Files, meta.Bytes, now))
	if errors.Is(err, sql.ErrNoRows) {
		return Meta{}, ErrNotOwner
	}
	return stored, err
}

// putArchive writes the newest archive and drops those that are too old.
func putArchive(ctx context.Context, tx *sql.Tx, id string, content Content, now int64) error {
	if _, err := tx.ExecContext(ctx,
		`INSERT INTO generation_archives (generation_id, version, archive, stored_at) VALUES ($1, $2, $3, $4)
		 ON CONFLICT (generation_id, version) DO UPDATE SET archive = excluded.archive, stored_at = excluded.stored_at`,
		id, content.Version, content.Archive, now); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx,
		`DELETE FROM generation_archives WHERE generation_id = $1 AND version <> $2 AND version NOT IN (
		   SELECT version FROM generation_archives WHERE generation_id = $1 AND version <> $2
		   ORDER BY stored_at DESC, version LIMIT $3)`,
		id, content.Version, VersionsKept-1)
	return err
}

// Delete removes a user's generation with all of its versions. It fails with ErrNotFound when the user has none of
// that id.
func (s *Store) Delete(ctx context.Context, id, userID string) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	result, err := s.db.ExecContext(ctx, `DELETE FROM generations WHERE id = $1 AND user_id = $2`, id, userID)
	if err != nil {
		return wrap("delete", id, err)
	}
	deleted, err := result.RowsAffected()
	if err == nil && deleted == 0 {
		err = ErrNotFound
	}
	return wrap("delete", id, err)
}

func scanMeta(row interface{ Scan(into ...any) error }) (Meta, error) {
	var meta Meta
	var created, updated int64
	err := row.Scan(&meta.ID, &meta.UserID, &meta.ProjectID, &meta.Version, &meta.Files, &meta.Bytes, &created, &updated)
	if err != nil {
		return Meta{}, err
	}
	meta.CreatedAt, meta.UpdatedAt = time.UnixMicro(created).UTC(), time.UnixMicro(updated).UTC()
	return meta, nil
}

func wrap(verb, id string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s generation %q: %w", verb, id, err)
}
