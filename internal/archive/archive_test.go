package archive_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
)

func TestPackIsReversedByReadAndDeterministic(t *testing.T) {
	files := map[string][]byte{
		"main.py":                []byte("app = 1\n"),
		"app/__init__.py":        {},
		"app/routers/books.py":   []byte("x"),
		"ünïcode/päth.txt":       []byte("ü"),
		strings.Repeat("d/", 30): nil,
	}
	delete(files, strings.Repeat("d/", 30))
	files[strings.Repeat("long-segment/", 20)+"file"] = []byte("longer than a ustar name")

	data, digest, err := archive.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	again, digestAgain, err := archive.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) || digest != digestAgain {
		t.Error("packing the same files twice gave different archives")
	}
	got, stats, err := archive.Read(t.Context(), bytes.NewReader(data), archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, got, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("files differ (-packed +read):\n%s", diff)
	}
	if stats.Files != len(files) || stats.CompressedBytes != int64(len(data)) {
		t.Errorf("stats %+v do not fit %d files in %d bytes", stats, len(files), len(data))
	}
	files["main.py"] = []byte("app = 2\n")
	if _, other, err := archive.Pack(files); err != nil || other == digest {
		t.Errorf("other content has the same digest, or: %v", err)
	}
}

func TestPackRefusesWhatUnpackWould(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"escape":         {"../x": nil},
		"file as folder": {"a": nil, "a/b": nil},
	} {
		if _, _, err := archive.Pack(files); err == nil {
			t.Errorf("%s: was packed", name)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for path, detail := range map[string]string{
		"main.py":                               "",
		"a/b/c.py":                              "",
		".env":                                  "",
		"..a/b..":                               "",
		"with space/ä.txt":                      "",
		strings.Repeat("d/", 31) + "f":          "",
		"":                                      "empty path",
		"/etc/passwd":                           "absolute path",
		"../x":                                  ".. segment in path",
		"a/../../x":                             ".. segment in path",
		"a/..":                                  ".. segment in path",
		"./a":                                   ". segment in path",
		"a//b":                                  "empty segment in path",
		"a/":                                    "empty segment in path",
		`a\b`:                                   "backslash in path",
		`..\..\x`:                               "backslash in path",
		"a\x00b":                                "control character in path",
		"a\nb":                                  "control character in path",
		"a\x7f":                                 "control character in path",
		"a\u0085b":                              "control character in path",
		"a\xff":                                 "path is not valid UTF-8",
		strings.Repeat("d/", 32) + "f":          "path is too deep",
		strings.Repeat("a", 256):                "segment of path is too long",
		strings.Repeat("abcdefgh/", 120)[:1025]: "path is too long",
	} {
		err := archive.CheckPath(path)
		var refused *archive.Error
		switch {
		case detail == "" && err != nil:
			t.Errorf("%q: %v", path, err)
		case detail != "" && !errors.As(err, &refused):
			t.Errorf("%q: got %v, want an *archive.Error", path, err)
		case detail != "" && (refused.Rule != archive.RulePath || refused.Detail != detail || refused.Entry != path):
			t.Errorf("%q: got %+v, want rule path, detail %q", path, refused, detail)
		}
	}
}

func TestErrorQuotesAndBoundsHostileNames(t *testing.T) {
	message := (&archive.Error{Rule: archive.RulePath, Entry: "\x1b[2J" + strings.Repeat("x", 5000), Max: 7, Detail: "no"}).Error()
	if strings.ContainsRune(message, '\x1b') || len(message) > 300 || !strings.HasSuffix(message, "no (limit path is 7)") {
		t.Errorf("got %q", message)
	}
}

func TestLimitsMustBePositive(t *testing.T) {
	limits := archive.DefaultLimits()
	limits.FileBytes = 0
	_, _, err := archive.Read(t.Context(), bytes.NewReader(nil), limits)
	if want := "archive limit fileBytes is 0, it must be positive"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func ExamplePack() {
	_, digest, err := archive.Pack(map[string][]byte{"main.py": []byte("app = None\n")})
	fmt.Println(len(digest), err)
	// Output: 64 <nil>
}
