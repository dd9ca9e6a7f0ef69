package httpapi

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/auth"
	"github.com/codebegen/preview-operator/internal/store"
)

func putCall(h *harness, id, user string, role auth.Role, body any) call {
	return call{method: "PUT", path: base + id, token: h.token(user, role), body: body}
}

func tarGz(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	w := tar.NewWriter(gz)
	for _, entry := range entries {
		content := []byte("content of " + entry.Name)
		if entry.Typeflag == tar.TypeReg {
			entry.Size = int64(len(content))
		}
		entry.Mode = 0o644
		if err := w.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		if entry.Typeflag == tar.TypeReg {
			if _, err := w.Write(content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestGenerationIsStoredReplacedReadAndDeleted(t *testing.T) {
	h := newHarness(t, nil)
	files := map[string][]byte{"main.py": []byte("app = '<é>'"), "data/x.bin": {0xff, 0x00}}
	body := `{"project_id":"proj","files":{"main.py":"app = '<é>'","data/x.bin":{"base64":"/wA="}}}`
	want := generationBody{
		ID: "gen_1", UserID: "alice", ProjectID: "proj", Version: store.Digest(files), FileCount: 2, Bytes: 14,
		CreatedAt: testTime, UpdatedAt: testTime,
	}
	if diff := cmp.Diff(want, decode[generationBody](h, h.do(putCall(h, "gen_1", "alice", auth.RoleUser, body)), http.StatusCreated)); diff != "" {
		t.Errorf("stored (-want +got):\n%s", diff)
	}
	got := decode[struct {
		ID        string `json:"id"`
		UserID    string `json:"user_id"`
		ProjectID string `json:"project_id"`
		Version   string `json:"version"`
		Bytes     int64  `json:"bytes"`
		Created   string `json:"created_at"`
		Updated   string `json:"updated_at"`
		Files     map[string]any
	}](h, h.do(call{method: "GET", path: base + "gen_1", token: h.token("alice", auth.RoleUser)}), http.StatusOK)
	wantFiles := map[string]any{"main.py": "app = '<é>'", "data/x.bin": map[string]any{"base64": "/wA="}}
	if diff := cmp.Diff(wantFiles, got.Files); diff != "" || got.Version != want.Version || got.Created != "2026-01-02T03:04:05Z" {
		t.Errorf("%+v, files (-want +got):\n%s", got, diff)
	}

	// The same files as an archive are the same version.
	packed, _, err := archive.Pack(files)
	h.must(err)
	replaced := putCall(h, "gen_1", "alice", auth.RoleUser, packed)
	replaced.path += "?project_id=proj2"
	want.ProjectID = "proj2"
	if diff := cmp.Diff(want, decode[generationBody](h, h.do(replaced), http.StatusOK)); diff != "" {
		t.Errorf("replaced (-want +got):\n%s", diff)
	}

	deleteCall := call{method: "DELETE", path: base + "gen_1", token: h.token("alice", auth.RoleUser)}
	if a := h.do(deleteCall); a.status != http.StatusNoContent || len(a.body) > 0 {
		t.Errorf("delete: %d %s", a.status, a.body)
	}
	if a := h.do(deleteCall); a.slug() != "generation-not-found" {
		t.Errorf("second delete: %d %s", a.status, a.body)
	}
}

func TestDeletingAGenerationDeletesItsPreview(t *testing.T) {
	h := newHarness(t, nil)
	h.launched("gen", "alice")
	if a := h.do(call{method: "DELETE", path: base + "gen", token: h.token("alice", auth.RoleUser)}); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if _, err := h.api.instances.Live(t.Context(), instanceName("gen")); !errors.Is(err, errNoInstance) {
		t.Errorf("the preview is left: %v", err)
	}
	// The id is free for another user, who gets a preview of his own.
	h.launched("gen", "bob")
}

func TestOnWhoseBehalfAGenerationIsStored(t *testing.T) {
	tests := map[string]struct {
		user   string
		role   auth.Role
		body   string
		status int
		owner  string
		slug   string
	}{
		"own":                         {"alice", auth.RoleUser, `{"files":{"a":""}}`, 201, "alice", ""},
		"own by name":                 {"alice", auth.RoleUser, `{"user_id":"alice","files":{"a":""}}`, 201, "alice", ""},
		"user for another":            {"alice", auth.RoleUser, `{"user_id":"bob","files":{"a":""}}`, 403, "", "role-required"},
		"service for a user":          {"backend", auth.RoleService, `{"user_id":"bob","files":{"a":""}}`, 201, "bob", ""},
		"admin for a user":            {"root", auth.RoleAdmin, `{"user_id":"bob","files":{"a":""}}`, 201, "bob", ""},
		"service for nobody":          {"backend", auth.RoleService, `{"user_id":"no body","files":{"a":""}}`, 400, "", "invalid-request"},
		"user over another's":         {"alice", auth.RoleUser, `{"files":{"a":""}}`, 403, "", "forbidden"},
		"service over another user's": {"backend", auth.RoleService, `{"user_id":"alice","files":{"a":""}}`, 403, "", "forbidden"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, nil)
			if strings.Contains(name, "over another") {
				h.stored("gen", "carol")
			}
			a := h.do(putCall(h, "gen", tt.user, tt.role, tt.body))
			if a.status != tt.status || a.slug() != tt.slug {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if tt.owner != "" && decode[generationBody](h, a, tt.status).UserID != tt.owner {
				t.Errorf("owner: %s", a.body)
			}
		})
	}
}

// Incident 24: bodies that cost more than they should. And incident 28's archives, as far as the gateway goes.
func TestBadGenerations(t *testing.T) {
	h := newHarness(t, nil)
	manyFiles := map[string]string{}
	for i := range 1001 {
		manyFiles[fmt.Sprint("f", i)] = ""
	}
	six := map[string]string{}
	for i := range 6 {
		six[fmt.Sprint("f", i)] = strings.Repeat("a", 2<<20)
	}
	tests := map[string]struct {
		body   any
		query  string
		status int
		field  string
	}{
		"no files":              {`{"files":{}}`, "", 400, "files"},
		"files missing":         {`{"project_id":"p"}`, "", 400, "files"},
		"files list":            {`{"files":["a"]}`, "", 400, "files"},
		"content number":        {`{"files":{"a":1}}`, "", 400, "files.a"},
		"content null":          {`{"files":{"a":null}}`, "", 400, "files.a"},
		"content object":        {`{"files":{"a":{"content":"x"}}}`, "", 400, "files.a"},
		"content bad base64":    {`{"files":{"a":{"base64":"*"}}}`, "", 400, "files.a"},
		"content base64 twice":  {`{"files":{"a":{"base64":"","x":""}}}`, "", 400, "files.a"},
		"path twice":            {`{"files":{"a":"1","a":"2"}}`, "", 400, "files.a"},
		"path escape":           {`{"files":{"../a":""}}`, "", 400, "files"},
		"path absolute":         {`{"files":{"/etc/passwd":""}}`, "", 400, "files"},
		"path empty":            {`{"files":{"":""}}`, "", 400, "files"},
		"path NUL":              {`{"files":{"a\u0000b":""}}`, "", 400, "files"},
		"path backslash":        {`{"files":{"a\\b":""}}`, "", 400, "files"},
		"file as folder":        {`{"files":{"a":"","a/b":""}}`, "", 400, "files"},
		"too many files":        {map[string]any{"files": manyFiles}, "", 413, "files"},
		"file too large":        {map[string]any{"files": map[string]string{"a": strings.Repeat("a", 2<<20+1)}}, "", 413, "files"},
		"too large in all":      {map[string]any{"files": six}, "", 413, "files"},
		"body too large":        {`{"files":{"a":"` + strings.Repeat("a", maxGenerationJSON) + `"}}`, "", 413, "body"},
		"project id":            {`{"project_id":"a b","files":{"a":""}}`, "", 400, "project_id"},
		"not an archive":        {[]byte("hello"), "", 400, "files"},
		"empty archive":         {[]byte{}, "", 400, "files"},
		"archive with a link":   {tarGz(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc/passwd"}), "", 400, "files"},
		"archive that escapes":  {tarGz(t, tar.Header{Typeflag: tar.TypeReg, Name: "../a"}), "", 400, "files"},
		"archive without files": {tarGz(t), "", 400, "files"},
		"archive too large":     {make([]byte, 10<<20+1), "", 413, "body"},
		"unknown in the query":  {tarGz(t, tar.Header{Typeflag: tar.TypeReg, Name: "a"}), "?project=x", 400, "project"},
		"twice in the query":    {tarGz(t, tar.Header{Typeflag: tar.TypeReg, Name: "a"}), "?user_id=alice&user_id=bob", 400, "user_id"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := putCall(h, "gen", "alice", auth.RoleUser, tt.body)
			c.path += tt.query
			if a := h.do(c); a.status != tt.status || a.field() != tt.field {
				t.Errorf("%d, field %q, want %d, %q: %s", a.status, a.field(), tt.status, tt.field, a.body)
			}
		})
	}
	for name, contentType := range map[string]string{"text": "text/plain", "none": "", "zip": "application/zip", "garbage": "\x01"} {
		t.Run("media type "+name, func(t *testing.T) {
			c := putCall(h, "gen", "alice", auth.RoleUser, `{}`)
			if contentType != "\x01" {
				c.header = map[string]string{"Content-Type": contentType}
			} else {
				c.header = map[string]string{"Content-Type": ";;;"}
			}
			if a := h.do(c); a.status != http.StatusUnsupportedMediaType {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	if _, err := h.store.Generation(t.Context(), "gen"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something was stored: %v", err)
	}
}

func TestUploadsAreBounded(t *testing.T) {
	h := newHarness(t, func(o *Options) { o.MaxUploads = 1 })
	release, err := h.api.uploads.acquire(t.Context())
	h.must(err)
	if a := h.do(putCall(h, "gen", "alice", auth.RoleUser, `{"files":{"a":""}}`)); a.status != http.StatusServiceUnavailable || a.slug() != "busy" || a.header.Get("Retry-After") != "1" {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
	release()
	h.stored("gen", "alice")
}
