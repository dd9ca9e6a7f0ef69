package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
)

var limits = archive.Limits{CompressedBytes: 256 << 10, Bytes: 4 << 20, FileBytes: 3 << 20, Files: 8, Ratio: 100}

// entry is written to an archive as it is, unlike Pack's.
type entry struct {
	tar.Header
	content string
}

func file(name, content string) entry {
	return entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o777, Size: int64(len(content))}, content: content}
}

func special(typeflag byte, name, link string) entry {
	return entry{Header: tar.Header{Typeflag: typeflag, Name: name, Linkname: link, Mode: 0o777}}
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipOf(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func archiveOf(t testing.TB, entries ...entry) []byte { return gzipOf(t, tarOf(t, entries...)) }

// rename changes a name in an archive to one that archive/tar would not write.
func rename(t testing.TB, plain []byte, from, to string) []byte {
	t.Helper()
	if len(from) != len(to) || !bytes.Contains(plain, []byte(from)) {
		t.Fatalf("cannot rename %q to %q", from, to)
	}
	plain = bytes.Replace(plain, []byte(from), []byte(to), 1)
	// The checksum of a header is the sum of its bytes with the field itself as spaces.
	copy(plain[148:156], "        ")
	sum := 0
	for _, b := range plain[:512] {
		sum += int(b)
	}
	copy(plain[148:156], []byte{'0', byte('0' + sum>>12&7), byte('0' + sum>>9&7), byte('0' + sum>>6&7), byte('0' + sum>>3&7), byte('0' + sum&7), 0, ' '})
	return plain
}

// The corpus of archives that must not be unpacked: each would have escaped, or used more than it may.
func hostileArchives(t testing.TB) map[string]struct {
	data  []byte
	rule  archive.Rule
	entry string
} {
	whole := archiveOf(t, file("main.py", strings.Repeat("x = 1\n", 100)))
	many := make([]entry, 9)
	for i := range many {
		many[i] = file("f"+string(rune('0'+i)), "")
	}
	noise := pseudoRandom(300 << 10)
	return map[string]struct {
		data  []byte
		rule  archive.Rule
		entry string
	}{
		"absolute":               {archiveOf(t, file("/etc/passwd", "x")), archive.RulePath, "/etc/passwd"},
		"parent":                 {archiveOf(t, file("../x", "x")), archive.RulePath, "../x"},
		"hidden parent":          {archiveOf(t, file("a/../../x", "x")), archive.RulePath, "a/../../x"},
		"dotted twice":           {archiveOf(t, file("././x", "x")), archive.RulePath, "././x"},
		"parent behind dot":      {archiveOf(t, file("./../x", "x")), archive.RulePath, "./../x"},
		"folder parent":          {archiveOf(t, special(tar.TypeDir, "../d/", "")), archive.RulePath, "../d/"},
		"backslash":              {archiveOf(t, file(`..\x`, "x")), archive.RulePath, `..\x`},
		"line break":             {archiveOf(t, file("a\nb", "x")), archive.RulePath, "a\nb"},
		"not UTF-8":              {gzipOf(t, rename(t, tarOf(t, file("main.py", "x")), "main.py", "main.\xff\xfe")), archive.RulePath, "main.\xff\xfe"},
		"long segment":           {archiveOf(t, file(strings.Repeat("a", 256), "x")), archive.RulePath, strings.Repeat("a", 256)},
		"deep":                   {archiveOf(t, file(strings.Repeat("d/", 32)+"f", "x")), archive.RulePath, strings.Repeat("d/", 32) + "f"},
		"long pax name":          {archiveOf(t, file(strings.Repeat("abcd/", 300)+"f", "x")), archive.RulePath, strings.Repeat("abcd/", 300) + "f"},
		"symbolic link":          {archiveOf(t, special(tar.TypeSymlink, "link", "/etc"), file("link/passwd", "x")), archive.RuleType, "link"},
		"link to inside":         {archiveOf(t, file("a", "x"), special(tar.TypeSymlink, "b", "a")), archive.RuleType, "b"},
		"hard link":              {archiveOf(t, special(tar.TypeLink, "link", "/etc/passwd")), archive.RuleType, "link"},
		"character device":       {archiveOf(t, special(tar.TypeChar, "null", "")), archive.RuleType, "null"},
		"block device":           {archiveOf(t, special(tar.TypeBlock, "disk", "")), archive.RuleType, "disk"},
		"named pipe":             {archiveOf(t, special(tar.TypeFifo, "pipe", "")), archive.RuleType, "pipe"},
		"duplicate":              {archiveOf(t, file("a", "1"), file("a", "2")), archive.RuleDuplicate, "a"},
		"duplicate behind dot":   {archiveOf(t, file("a", "1"), file("./a", "2")), archive.RuleDuplicate, "a"},
		"file as folder":         {archiveOf(t, file("a", "1"), file("a/b", "2")), archive.RuleDuplicate, "a/b"},
		"deep file as folder":    {archiveOf(t, file("a/b", "1"), file("a/b/c/d", "2")), archive.RuleDuplicate, "a/b/c/d"},
		"folder as file":         {archiveOf(t, file("a/b", "1"), file("a", "2")), archive.RuleDuplicate, "a"},
		"folder then file":       {archiveOf(t, special(tar.TypeDir, "a/", ""), file("a", "2")), archive.RuleDuplicate, "a"},
		"too many entries":       {archiveOf(t, many...), archive.RuleFiles, "f8"},
		"large file":             {archiveOf(t, file("big", string(make([]byte, 3<<20+1)))), archive.RuleFileBytes, "big"},
		"large in all":           {archiveOf(t, file("a", stretched(3<<20)), file("b", stretched(1<<20+1))), archive.RuleBytes, "b"},
		"large archive":          {archiveOf(t, file("noise", noise)), archive.RuleCompressedBytes, ""},
		"bomb":                   {archiveOf(t, file("bomb", string(make([]byte, 2<<20)))), archive.RuleRatio, ""},
		"bomb behind the end":    {gzipOf(t, append(tarOf(t, file("a", "x")), make([]byte, 32<<20)...)), archive.RuleRatio, ""},
		"not gzip":               {[]byte("PK\x03\x04 this is a zip archive"), archive.RuleFormat, ""},
		"empty":                  {nil, archive.RuleFormat, ""},
		"not tar":                {gzipOf(t, []byte(strings.Repeat("no tar at all\n", 100))), archive.RuleFormat, ""},
		"truncated gzip":         {whole[:len(whole)/2], archive.RuleFormat, ""},
		"truncated checksum":     {whole[:len(whole)-4], archive.RuleFormat, ""},
		"truncated tar":          {gzipOf(t, tarOf(t, file("a", strings.Repeat("x", 2000)))[:1024]), archive.RuleFormat, ""},
		"trailing garbage":       {append(bytes.Clone(whole), "garbage"...), archive.RuleFormat, ""},
		"second gzip stream":     {append(bytes.Clone(whole), whole...), archive.RuleFormat, ""},
		"second stream of zeros": {append(bytes.Clone(whole), gzipOf(t, make([]byte, 512))...), archive.RuleFormat, ""},
		"data after the archive": {gzipOf(t, append(tarOf(t, file("a", "x")), "hidden"...)), archive.RuleFormat, ""},
		"negative size":          {gzipOf(t, negativeSize(t)), archive.RuleFormat, ""},
	}
}

// negativeSize is an archive whose file has a size of -1 in base 256.
func negativeSize(t testing.TB) []byte {
	plain := tarOf(t, file("main.py", "x"))
	for i := 124; i < 136; i++ {
		plain[i] = 0xff
	}
	return rename(t, plain, "main.py", "main.py")
}

// pseudoRandom does not compress.
func pseudoRandom(n int) string {
	data, state := make([]byte, n), uint32(1)
	for i := range data {
		state = state*1664525 + 1013904223
		data[i] = byte(state >> 24)
	}
	return string(data)
}

// stretched compresses, but not suspiciously well.
func stretched(n int) string {
	var b strings.Builder
	for _, c := range []byte(pseudoRandom(n/64 + 1)) {
		b.WriteString(strings.Repeat(string(rune('a'+c%26)), 64))
	}
	return b.String()[:n]
}

func TestHostileArchives(t *testing.T) {
	for name, test := range hostileArchives(t) {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			root := openRoot(t, filepath.Join(parent, "project"))
			_, err := archive.Unpack(t.Context(), bytes.NewReader(test.data), root, limits)
			var refused *archive.Error
			if !errors.As(err, &refused) {
				t.Fatalf("got %v, want an *archive.Error", err)
			}
			if refused.Rule != test.rule || refused.Entry != test.entry {
				t.Errorf("got rule %s of entry %q, want %s of %q: %v", refused.Rule, refused.Entry, test.rule, test.entry, err)
			}
			assertConfined(t, parent)
		})
	}
}

// assertConfined finds whatever is beside the project, or in it and no plain file or folder, or too large.
func assertConfined(t *testing.T, parent string) {
	t.Helper()
	var total int64
	err := filepath.WalkDir(parent, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != parent && path != filepath.Join(parent, "project") && !strings.HasPrefix(path, filepath.Join(parent, "project")+"/") {
			t.Errorf("%s was written outside of the project", path)
		}
		if !d.IsDir() && !d.Type().IsRegular() {
			t.Errorf("%s is a %s", path, d.Type())
		}
		info, err := d.Info()
		if err == nil && !d.IsDir() {
			total += info.Size()
		}
		return err
	})
	if err != nil || total > limits.Bytes {
		t.Errorf("%d bytes were written, error %v", total, err)
	}
}

func openRoot(t *testing.T, dir string) *os.Root {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	})
	return root
}

func TestUnpackWritesFilesWithPlainModes(t *testing.T) {
	data := archiveOf(t,
		entry{Header: tar.Header{Typeflag: tar.TypeXGlobalHeader, Name: "pax_global_header", PAXRecords: map[string]string{"comment": "of git archive"}}},
		special(tar.TypeDir, "./", ""),
		special(tar.TypeDir, "./app/", ""),
		file("./app/main.py", "app = 1"),
		file("no/folder/entry.py", ""),
		entry{Header: tar.Header{Typeflag: tar.TypeReg, Name: "setuid", Mode: 0o6777, Size: 1}, content: "x"},
	)
	dir := filepath.Join(t.TempDir(), "project")
	root := openRoot(t, dir)
	stats, err := archive.Unpack(t.Context(), bytes.NewReader(data), root, limits)
	if err != nil {
		t.Fatal(err)
	}
	if want := (archive.Stats{Files: 3, Bytes: 8, CompressedBytes: int64(len(data))}); stats != want {
		t.Errorf("stats are %+v, want %+v", stats, want)
	}
	got := map[string]string{}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		content, err := root.ReadFile(path)
		got[path] = info.Mode().String() + " " + string(content)
		return err
	})
	want := map[string]string{
		"app/main.py":        "-rw-r--r-- app = 1",
		"no/folder/entry.py": "-rw-r--r-- ",
		"setuid":             "-rw-r--r-- x",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v, files differ (-want +got):\n%s", err, diff)
	}
}

// What lies in the destination already is neither followed nor replaced.
func TestUnpackDoesNotTouchWhatIsThere(t *testing.T) {
	for name, path := range map[string]string{
		"through a link to a folder": "outside/x", "a link to a file": "inside", "a file": "there",
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			root := openRoot(t, filepath.Join(parent, "project"))
			if err := errors.Join(
				root.WriteFile("there", []byte("kept"), 0o644), root.Symlink("there", "inside"), root.Symlink("..", "outside"),
			); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Unpack(t.Context(), bytes.NewReader(archiveOf(t, file(path, "x"))), root, limits); err == nil {
				t.Error("it was unpacked")
			}
			if kept, err := root.ReadFile("there"); err != nil || string(kept) != "kept" {
				t.Errorf("the file that was there holds %q, error %v", kept, err)
			}
			if _, err := os.Lstat(filepath.Join(parent, "x")); err == nil {
				t.Error("a file was written outside of the project")
			}
		})
	}
}

func TestUnpackEndsWithItsContextAndItsReader(t *testing.T) {
	data := archiveOf(t, file("main.py", "x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := archive.Read(ctx, bytes.NewReader(data), limits); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	broken := errors.New("connection reset")
	if _, _, err := archive.Read(t.Context(), io.MultiReader(bytes.NewReader(data[:20]), &failing{broken}), limits); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// Whatever the bytes, nothing escapes, nothing exceeds the limits, and what is accepted can be packed again.
func FuzzUnpack(f *testing.F) {
	for _, test := range hostileArchives(f) {
		if len(test.data) < 8<<10 {
			f.Add(test.data)
		}
	}
	f.Add(archiveOf(f, special(tar.TypeDir, "./app/", ""), file("./app/main.py", "app = 1")))
	f.Fuzz(func(t *testing.T, data []byte) {
		parent := t.TempDir()
		root := openRoot(t, filepath.Join(parent, "project"))
		_, unpackErr := archive.Unpack(t.Context(), bytes.NewReader(data), root, limits)
		assertConfined(t, parent)
		files, stats, readErr := archive.Read(t.Context(), bytes.NewReader(data), limits)
		if (unpackErr == nil) != (readErr == nil) {
			t.Fatalf("Unpack says %v, Read says %v", unpackErr, readErr)
		}
		if readErr != nil {
			return
		}
		if stats.Files != len(files) || stats.Files > limits.Files {
			t.Errorf("%d files, stats %+v", len(files), stats)
		}
		if _, _, err := archive.Pack(files); err != nil {
			t.Errorf("accepted files cannot be packed: %v", err)
		}
	})
}
