package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/codebegen/preview-operator/internal/archive"
)

// product is a database of the product, in a schema of its own.
type product struct {
	// admin is the URL with which the product writes, reader that of a role that may only SELECT.
	admin, reader, schema string
	table                 string
}

const productTable = `CREATE TABLE generations (id %s PRIMARY KEY, user_id %s, project_id text, output_files %s, title text)`

// withProduct runs a test on a table of the product when there is a PostgreSQL server.
func withProduct(t *testing.T, idType, filesType string, test func(*testing.T, *product)) {
	t.Helper()
	server := os.Getenv(databaseVariable)
	if server == "" {
		return
	}
	t.Run("postgres", func(t *testing.T) {
		db := newSchema(t)
		p := &product{admin: db.options.URL}
		parsed, err := url.Parse(p.admin)
		if err != nil {
			t.Fatal(err)
		}
		p.schema = parsed.Query().Get("search_path")
		p.exec(t, fmt.Sprintf(productTable, idType, idType, filesType))
		role, password := "reader_"+strings.ToLower(rand.Text()), rand.Text()
		p.exec(t, fmt.Sprintf(`CREATE ROLE %[1]s LOGIN PASSWORD '%[2]s'; GRANT USAGE ON SCHEMA %[3]s TO %[1]s; GRANT SELECT ON ALL TABLES IN SCHEMA %[3]s TO %[1]s`, role, password, p.schema))
		t.Cleanup(func() { execute(t, server, fmt.Sprintf(`DROP OWNED BY %[1]s; DROP ROLE %[1]s`, role)) })
		parsed.User = url.UserPassword(role, password)
		p.reader = parsed.String()
		test(t, p)
	})
}

func (p *product) exec(t *testing.T, statements string) {
	t.Helper()
	execute(t, p.admin, statements)
}

func (p *product) open(t *testing.T) *Product {
	t.Helper()
	opened, err := OpenProduct(t.Context(), ProductOptions{URL: p.reader, Table: p.table})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return opened
}

// put writes a generation as the product would.
func (p *product) put(t *testing.T, id, user, project string, files any) {
	t.Helper()
	text, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, fmt.Sprintf(`INSERT INTO generations (id, user_id, project_id, output_files) VALUES ('%s', '%s', '%s', $json$%s$json$)
		ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, project_id = excluded.project_id, output_files = excluded.output_files`, id, user, project, text))
}

func unpack(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	files, _, err := archive.Read(t.Context(), bytes.NewReader(packed), archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for path, content := range files {
		texts[path] = string(content)
	}
	return texts
}

func TestProductIsReadInPlace(t *testing.T) {
	for _, filesType := range []string{"json", "jsonb"} {
		t.Run(filesType, func(t *testing.T) {
			withProduct(t, "text", filesType, func(t *testing.T, db *product) {
				db.put(t, "gen_1", "alice", "proj", map[string]any{
					"main.py": "app = 1\n", "pkg/ünï.py": map[string]any{"content": "x", "language": "python"}, "empty.txt": "",
				})
				want := map[string]string{"main.py": "app = 1\n", "pkg/ünï.py": "x", "empty.txt": ""}
				p := db.open(t)
				meta, err := p.Generation(t.Context(), "gen_1")
				if err != nil {
					t.Fatal(err)
				}
				version := Digest(map[string][]byte{"main.py": []byte("app = 1\n"), "pkg/ünï.py": []byte("x"), "empty.txt": nil})
				if diff := cmp.Diff(Meta{ID: "gen_1", UserID: "alice", ProjectID: "proj", Version: version, Files: 3, Bytes: 9}, meta); diff != "" {
					t.Errorf("generation (-want +got):\n%s", diff)
				}
				for _, asked := range []string{"", version} {
					packed, err := p.Archive(t.Context(), "gen_1", asked)
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(want, unpack(t, packed)); diff != "" {
						t.Errorf("files of version %q (-want +got):\n%s", asked, diff)
					}
				}
				if _, err := p.Archive(t.Context(), "gen_1", strings.Repeat("0", 64)); !errors.Is(err, ErrNotFound) {
					t.Errorf("another version: %v, want ErrNotFound", err)
				}
				for _, id := range []string{"nope", "", "\x00", "\xff", strings.Repeat("g", 129)} {
					if _, err := p.Generation(t.Context(), id); !errors.Is(err, ErrNotFound) {
						t.Errorf("generation %q: %v, want ErrNotFound", id, err)
					}
				}
			})
		})
	}
}

// What was changed is seen at once, the owner, too; what was launched stays as long as it is remembered.
func TestProductChanges(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		p := db.open(t)
		db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": "v1"})
		first, err := p.Generation(t.Context(), "gen_1")
		if err != nil {
			t.Fatal(err)
		}
		db.exec(t, `UPDATE generations SET user_id = 'bob', title = 'x'`)
		owned, err := p.Generation(t.Context(), "gen_1")
		if err != nil || owned.UserID != "bob" || owned.Version != first.Version {
			t.Errorf("after a change of owner: %+v, %v", owned, err)
		}
		db.put(t, "gen_1", "bob", "proj", map[string]string{"main.py": "v2"})
		for version, want := range map[string]string{"": "v2", first.Version: "v1"} {
			packed, err := p.Archive(t.Context(), "gen_1", version)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"main.py": want}, unpack(t, packed)); diff != "" {
				t.Errorf("version %q (-want +got):\n%s", version, diff)
			}
		}
		db.exec(t, `UPDATE generations SET output_files = '{"../x": ""}'`)
		if _, err := p.Archive(t.Context(), "gen_1", first.Version); err != nil {
			t.Errorf("what was launched, after a broken version: %v", err)
		}
		if _, err := db.open(t).Archive(t.Context(), "gen_1", first.Version); !errors.Is(err, ErrNotFound) {
			t.Errorf("in another process: %v, want ErrNotFound", err)
		}
		db.exec(t, `DELETE FROM generations`)
		for _, version := range []string{"", first.Version} {
			if _, err := p.Archive(t.Context(), "gen_1", version); !errors.Is(err, ErrNotFound) {
				t.Errorf("version %q after deletion: %v, want ErrNotFound", version, err)
			}
		}
	})
}

// Files are fetched when their row has changed, and only then.
func TestProductFilesAreFetchedOnce(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		p := db.open(t)
		db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": "v1"})
		fetch := func() (read int) {
			err := p.read(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				var found productRow
				err := tx.QueryRowContext(ctx, p.query(``, ``)).Scan(&found.id, &found.userID, &found.projectID, &found.row)
				if err == nil {
					_, read, err = p.version(ctx, tx, found)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return read
		}
		var reads []bool
		for range 2 {
			reads = append(reads, fetch() > 0)
		}
		db.exec(t, `UPDATE generations SET title = 'x'`)
		for range 2 {
			reads = append(reads, fetch() > 0)
		}
		if diff := cmp.Diff([]bool{true, false, true, false}, reads); diff != "" {
			t.Errorf("reads (-want +got):\n%s", diff)
		}
	})
}

// The role may only SELECT; and with a role that may write, the server itself refuses to.
func TestProductIsNeverWritten(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		for i := range 5 {
			db.put(t, fmt.Sprint("gen_", i), "alice", "proj", map[string]string{"main.py": fmt.Sprint(i)})
		}
		use := func(p *Product) {
			group, ctx := errgroup.WithContext(t.Context())
			for i := range 20 {
				group.Go(func() error {
					_, err := p.Generation(ctx, fmt.Sprint("gen_", i%5))
					_, errArchive := p.Archive(ctx, fmt.Sprint("gen_", i%5), "")
					_, _, errList := p.List(ctx, ListOptions{Limit: 2})
					return errors.Join(err, errArchive, errList, p.Ping(ctx))
				})
			}
			if err := group.Wait(); err != nil {
				t.Error(err)
			}
		}
		use(db.open(t))
		db.reader = db.admin
		p := db.open(t)
		use(p)
		for _, statement := range []string{`UPDATE generations SET title = 'x'`, `DELETE FROM generations`, `CREATE TABLE other ()`} {
			err := p.read(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, statement)
				return err
			})
			if !isCode(err, "25006") { // read_only_sql_transaction
				t.Errorf("%s in a transaction: %v", statement, err)
			}
			if _, err := p.db.ExecContext(t.Context(), statement); !isCode(err, "25006") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

func TestProductList(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		for _, row := range []struct{ id, user, project string }{
			{"g3", "alice", "p"}, {"g1", "alice", "q"}, {"g2", "bob", "p"}, {"g5", "alice", "p"}, {"g4", "bob", "q"},
		} {
			db.put(t, row.id, row.user, row.project, map[string]string{"main.py": row.id})
		}
		p := db.open(t)
		tests := map[string]struct {
			opts ListOptions
			want []string
		}{
			"everybody's":             {ListOptions{}, []string{"g1", "g2", "g3", "g4", "g5"}},
			"one user's":              {ListOptions{UserID: "alice"}, []string{"g1", "g3", "g5"}},
			"one project's":           {ListOptions{ProjectID: "q"}, []string{"g1", "g4"}},
			"one user's in a project": {ListOptions{UserID: "alice", ProjectID: "p"}, []string{"g3", "g5"}},
			"of nobody":               {ListOptions{UserID: "carol"}, nil},
		}
		for name, tt := range tests {
			for _, limit := range []int{1, 2, 5, MaxListLimit} {
				var ids []string
				for opts := tt.opts; ; {
					opts.Limit = limit
					page, next, err := p.List(t.Context(), opts)
					if err != nil || len(page) > limit || len(ids) > 10 {
						t.Fatalf("%s: a page of %d, limit %d, %v", name, len(page), limit, err)
					}
					for _, meta := range page {
						ids = append(ids, meta.ID)
						if whole, err := p.Generation(t.Context(), meta.ID); err != nil || whole != meta {
							t.Errorf("%s: listed as %+v, read as %+v, %v", name, meta, whole, err)
						}
					}
					if next == nil {
						break
					}
					cursor, err := ParseListCursor(next.String())
					if err != nil || cursor != *next {
						t.Fatalf("cursor %v was read as %v, %v", *next, cursor, err)
					}
					opts.After = &cursor
				}
				if diff := cmp.Diff(tt.want, ids); diff != "" {
					t.Errorf("%s in pages of %d (-want +got):\n%s", name, limit, diff)
				}
			}
		}
		// One that cannot be run does not hide the others.
		db.exec(t, `UPDATE generations SET output_files = '[]' WHERE id = 'g2'`)
		page, _, err := p.List(t.Context(), ListOptions{Limit: 3})
		if err != nil || len(page) != 3 || page[1] != (Meta{ID: "g2", UserID: "bob", ProjectID: "p"}) || page[2].Version == "" {
			t.Errorf("with a broken one: %+v, %v", page, err)
		}
		if _, _, err := p.List(t.Context(), ListOptions{}); err == nil || !strings.Contains(err.Error(), "1 to 200") {
			t.Errorf("without a limit: %v", err)
		}
	})
}

// Pages of large generations are short: what is read for one is bounded.
func TestProductListIsBoundedInBytes(t *testing.T) {
	withProduct(t, "text", "json", func(t *testing.T, db *product) {
		for i := range 5 {
			db.put(t, fmt.Sprint("g", i), "alice", "proj", map[string]string{"main.py": strings.Repeat("x", 1000)})
		}
		p := db.open(t)
		p.listBytes = 2500
		opts := ListOptions{Limit: MaxListLimit}
		var pages []int
		for {
			page, next, err := p.List(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, len(page))
			if next == nil {
				break
			}
			opts.After = next
		}
		if diff := cmp.Diff([]int{3, 2}, pages); diff != "" {
			t.Errorf("generations in each page (-want +got):\n%s", diff)
		}
	})
}

func TestProductRefuses(t *testing.T) {
	many := map[string]string{}
	for i := range archive.DefaultLimits().Files + 1 {
		many[fmt.Sprintf("f%04d", i)] = ""
	}
	random := func(size int) string {
		text := make([]byte, size/2)
		_, _ = rand.Read(text)
		return fmt.Sprintf("%x", text)
	}
	tests := map[string]struct {
		files any
		rule  archive.Rule
		want  string
	}{
		"null":             {nil, archive.RuleFormat, "no object"},
		"list":             {[]string{}, archive.RuleFormat, "no object"},
		"text":             {"main.py", archive.RuleFormat, "no object"},
		"no files":         {map[string]string{}, archive.RuleFormat, "no files"},
		"number":           {map[string]any{"main.py": 1}, archive.RuleFormat, `"main.py": the content is no text`},
		"null content":     {map[string]any{"main.py": nil}, archive.RuleFormat, `"main.py": there is no content`},
		"list of lines":    {map[string]any{"main.py": []string{"a"}}, archive.RuleFormat, `"main.py": the content is no text`},
		"empty object":     {map[string]any{"main.py": map[string]any{}}, archive.RuleFormat, `"main.py": there is no content`},
		"number in object": {map[string]any{"main.py": map[string]any{"content": 1}}, archive.RuleFormat, `"main.py": the content is no text`},
		"null in object":   {map[string]any{"main.py": map[string]any{"content": nil}}, archive.RuleFormat, `"main.py": there is no content`},
		"parent folder":    {map[string]string{"../main.py": ""}, archive.RulePath, `"../main.py"`},
		"absolute path":    {map[string]string{"/etc/passwd": ""}, archive.RulePath, `"/etc/passwd"`},
		"empty path":       {map[string]string{"": ""}, archive.RulePath, "empty path"},
		"file as a folder": {map[string]string{"a": "", "a/b": ""}, archive.RuleDuplicate, `"a/b"`},
		"large file":       {map[string]string{"big.txt": random(2<<20 + 2)}, archive.RuleFileBytes, `"big.txt"`},
		"large in all":     {map[string]string{"a": random(2 << 20), "b": random(2 << 20), "c": random(2 << 20), "d": random(2 << 20), "e": random(2 << 20), "f": "x"}, archive.RuleBytes, `"f"`},
		"bomb":             {map[string]string{"zeros": strings.Repeat("0", 2<<20)}, archive.RuleRatio, "ratio"},
		"too many":         {many, archive.RuleFiles, "limit files is 1000"},
		"too much JSON":    {map[string]string{"a": random(MaxProductJSON)}, archive.RuleBytes, "output_files has"},
	}
	withProduct(t, "text", "json", func(t *testing.T, db *product) {
		p := db.open(t)
		expect := func(name string, rule archive.Rule, want string) {
			t.Helper()
			for range 2 {
				meta, err := p.Generation(t.Context(), "gen_1")
				var broken *archive.Error
				if !errors.As(err, &broken) || broken.Rule != rule || !errors.Is(err, ErrUnusable) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "gen_1") {
					t.Errorf("%s: %.300v, want an error of rule %s with %q", name, err, rule, want)
				}
				if meta != (Meta{ID: "gen_1", UserID: "alice", ProjectID: "proj"}) {
					t.Errorf("%s: whose it is: %+v", name, meta)
				}
				if _, err := p.Archive(t.Context(), "gen_1", ""); !errors.Is(err, ErrUnusable) {
					t.Errorf("%s: the archive: %.300v", name, err)
				}
			}
		}
		for name, tt := range tests {
			db.put(t, "gen_1", "alice", "proj", tt.files)
			expect(name, tt.rule, tt.want)
		}
		db.exec(t, `UPDATE generations SET output_files = '{"a.py": "1", "a.py": "2"}'`)
		expect("twice", archive.RuleDuplicate, `"a.py"`)
		db.exec(t, `UPDATE generations SET output_files = NULL`)
		expect("no value", archive.RuleFormat, "no object")
	})
}

func TestProductIDsOfOtherTypes(t *testing.T) {
	for idType, ids := range map[string]struct{ known, unknown, other string }{
		"uuid":   {"6f2c1d9e-0000-4000-8000-00000000abcd", "6f2c1d9e-0000-4000-8000-00000000abce", "6F2C1D9E-0000-4000-8000-00000000ABCD"},
		"bigint": {"42", "43", "042"},
	} {
		t.Run(idType, func(t *testing.T) {
			withProduct(t, idType, "jsonb", func(t *testing.T, db *product) {
				db.put(t, ids.known, ids.known, "proj", map[string]string{"main.py": ""})
				p := db.open(t)
				if meta, err := p.Generation(t.Context(), ids.known); err != nil || meta.ID != ids.known || meta.UserID != ids.known {
					t.Errorf("got %+v, %v", meta, err)
				}
				for _, id := range []string{ids.unknown, ids.other, "gen_1", strings.Repeat("9", 40)} {
					if _, err := p.Generation(t.Context(), id); !errors.Is(err, ErrNotFound) {
						t.Errorf("generation %s: %v, want ErrNotFound", id, err)
					}
				}
				for user, want := range map[string]int{ids.known: 1, ids.unknown: 0, "alice": 0} {
					if page, next, err := p.List(t.Context(), ListOptions{UserID: user, Limit: 1}); err != nil || len(page) != want || next != nil {
						t.Errorf("generations of %s: %d, %v, %v", user, len(page), next, err)
					}
				}
			})
		})
	}
}

// A view has no row versions; its generations are read anew each time.
func TestProductView(t *testing.T) {
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": "v1"})
		db.exec(t, `CREATE VIEW "Latest" AS SELECT id, user_id, project_id, output_files FROM generations; GRANT SELECT ON "Latest" TO PUBLIC`)
		db.table = db.schema + ".Latest"
		p := db.open(t)
		for _, text := range []string{"v1", "v2"} {
			db.put(t, "gen_1", "alice", "proj", map[string]string{"main.py": text})
			packed, err := p.Archive(t.Context(), "gen_1", "")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{"main.py": text}, unpack(t, packed)); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
		}
	})
}

func TestOpenProductRefuses(t *testing.T) {
	for _, table := range []string{`a"b`, "a b", "a.b.c", ".a", "a;DROP TABLE x", "1a", strings.Repeat("a", 64)} {
		if _, err := OpenProduct(t.Context(), ProductOptions{URL: "postgres://127.0.0.1:1/x", Table: table}); err == nil || !strings.Contains(err.Error(), "must be a name or schema.name") {
			t.Errorf("table %q: %v", table, err)
		}
	}
	if _, err := OpenProduct(t.Context(), ProductOptions{URL: "mysql://x:" + canary + "@y"}); err == nil || strings.Contains(err.Error(), canary) {
		t.Errorf("not PostgreSQL: %v", err)
	}
	withProduct(t, "text", "jsonb", func(t *testing.T, db *product) {
		for table, want := range map[string]string{"nope": "42P01", "pg_class": "42703"} {
			if _, err := OpenProduct(t.Context(), ProductOptions{URL: db.reader, Table: table}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("table %s: %v, want an error with %s", table, err, want)
			}
		}
	})
}

// What was used last is kept, within the bounds on number and bytes.
func TestVersionCacheIsBounded(t *testing.T) {
	var cache versionCache
	version := func(i, size int) cachedVersion {
		return cachedVersion{meta: Meta{ID: fmt.Sprint("gen_", i), Version: "v"}, archive: make([]byte, size)}
	}
	holds := func(i int) bool {
		return cache.find(func(c *cachedVersion) bool { return c.meta.ID == fmt.Sprint("gen_", i) }) != nil
	}
	for i := range maxCachedVersions {
		cache.add(version(i, 10))
	}
	if !holds(0) {
		t.Error("the first one is gone before there are too many")
	}
	cache.add(version(maxCachedVersions, 10))
	if held := []bool{holds(0), holds(1), holds(2), holds(maxCachedVersions)}; !slices.Equal(held, []bool{true, false, true, true}) {
		t.Errorf("after one too many: %v", held)
	}
	for range 3 {
		cache.add(version(2, 20))
	}
	if cache.versions.Len() != maxCachedVersions || cache.bytes != 10*(maxCachedVersions-1)+20 {
		t.Errorf("%d versions with %d bytes", cache.versions.Len(), cache.bytes)
	}
	cache.add(version(100, maxCachedBytes-20))
	if held := []bool{holds(100), holds(2), holds(0)}; !slices.Equal(held, []bool{true, true, false}) || cache.bytes != maxCachedBytes {
		t.Errorf("after a large one: %v, %d bytes", held, cache.bytes)
	}
	cache.add(version(101, maxCachedBytes+1))
	if cache.versions.Len() != 0 || cache.bytes != 0 {
		t.Errorf("after one that is too large: %d versions with %d bytes", cache.versions.Len(), cache.bytes)
	}
}
