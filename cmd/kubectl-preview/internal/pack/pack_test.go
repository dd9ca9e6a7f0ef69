package pack

import (
	"bytes"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/test/support"
)

// write makes a folder of files, path to content.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	support.WriteFiles(t, dir, files)
	return dir
}

// unpack reads an archive as the gateway does.
func unpack(t *testing.T, p Project) map[string]string {
	t.Helper()
	files, stats, err := archive.Read(t.Context(), bytes.NewReader(p.Archive), archive.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if stats.Files != p.Files || stats.Bytes != p.Bytes {
		t.Errorf("%d files and %d bytes, the archive has %d and %d", p.Files, p.Bytes, stats.Files, stats.Bytes)
	}
	got := map[string]string{}
	for path, content := range files {
		got[path] = string(content)
	}
	return got
}

func TestFolder(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  []string
	}{
		"everything": {
			map[string]string{"main.py": "a", "app/x.py": "b", ".env": "c", "data/logo.png": "\xff\x00"},
			[]string{".env", "app/x.py", "data/logo.png", "main.py"},
		},
		"never": {
			map[string]string{
				"main.py": "", ".git/HEAD": "", "app/__pycache__/x.pyc": "", "node_modules/a/b.js": "", "web/node_modules/a/b.js": "", ".venv/bin/python": "",
				"gitlike/.gitkeep": "", "venv.py": "",
			},
			[]string{"gitlike/.gitkeep", "main.py", "venv.py"},
		},
		"names and suffixes": {
			map[string]string{".gitignore": "*.log\nsecret.txt\n# main.py\n\n", "main.py": "", "a.log": "", "x/b.log": "", "x/secret.txt": "", "secret.txt2": ""},
			[]string{".gitignore", "main.py", "secret.txt2"},
		},
		"anchored": {
			map[string]string{".gitignore": "/build\napp/tmp\n", "build/x": "", "sub/build/x": "", "app/tmp/x": "", "sub/app/tmp/x": ""},
			[]string{".gitignore", "sub/app/tmp/x", "sub/build/x"},
		},
		"folders only": {
			map[string]string{".gitignore": "out/\n", "out/x": "", "sub/out": "a file"},
			[]string{".gitignore", "sub/out"},
		},
		"taken back": {
			map[string]string{".gitignore": "*.txt\n!keep.txt\nsub/*\n!sub/b.py\n", "a.txt": "", "keep.txt": "", "sub/a.py": "", "sub/b.py": ""},
			[]string{".gitignore", "keep.txt", "sub/b.py"},
		},
		"not from a folder that is left out": {
			map[string]string{".gitignore": "sub\n!sub/b.py\n", "sub/b.py": "", "main.py": ""},
			[]string{".gitignore", "main.py"},
		},
		"two stars": {
			map[string]string{".gitignore": "**/gen\na/**/z\nfull/**\n", "gen/x": "", "s/gen/x": "", "a/z": "", "a/b/c/z": "", "full/x/y": "", "az": ""},
			[]string{".gitignore", "az"},
		},
		"question marks and classes": {
			map[string]string{".gitignore": "a?c\n[xy].py\n[!a-c]z\n\\#x\n\\!y\nq\\*\n", "abc": "", "ac": "", "x.py": "", "z.py": "", "az": "", "dz": "", "#x": "", "!y": "", "q*": "", "qq": ""},
			[]string{".gitignore", "ac", "az", "qq", "z.py"},
		},
		"stars do not cross folders": {
			map[string]string{".gitignore": "a*z\nb/*.py\n", "a/z": "", "b/c/d.py": "", "b/d.py": ""},
			[]string{".gitignore", "a/z", "b/c/d.py"},
		},
		"below": {
			map[string]string{".gitignore": "*.md\n", "sub/.gitignore": "!README.md\n/only\n", "README.md": "", "sub/README.md": "", "sub/only": "", "sub/x/only": ""},
			[]string{".gitignore", "sub/.gitignore", "sub/README.md", "sub/x/only"},
		},
		"previewignore has the last word": {
			map[string]string{".gitignore": "dist\n", ".previewignore": "!dist\ntests\n", "dist/app.js": "", "tests/x.py": ""},
			[]string{".gitignore", ".previewignore", "dist/app.js"},
		},
		"line ends and spaces": {
			map[string]string{".gitignore": "\ufeffa.txt\r\nb.txt   \nc\\ \n", "a.txt": "", "b.txt": "", "c ": "", "c": ""},
			[]string{".gitignore", "c"},
		},
		"patterns that are none": {
			map[string]string{".gitignore": "[a\n/\n!\n", "[a": "", "main.py": ""},
			[]string{".gitignore", "[a", "main.py"},
		},
		"other languages": {
			map[string]string{".gitignore": "größe.?xt\n", "größe.txt": "", "länge.txt": ""},
			[]string{".gitignore", "länge.txt"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := Folder(write(t, tt.files))
			if err != nil {
				t.Fatal(err)
			}
			got := unpack(t, p)
			if diff := cmp.Diff(tt.want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			for path, content := range got {
				if content != tt.files[path] {
					t.Errorf("%s has %q, want %q", path, content, tt.files[path])
				}
			}
		})
	}
}

func TestTheSameFolderGivesTheSameArchive(t *testing.T) {
	files := map[string]string{"b.py": "b", "a.py": "a", ".git/HEAD": "x"}
	first, err := Folder(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	second, err := Folder(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Archive, second.Archive) {
		t.Error("the archives differ")
	}
	if first.LeftOut != 1 {
		t.Errorf("%d left out, want 1", first.LeftOut)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	limits := archive.Limits{CompressedBytes: 300, Bytes: 2000, FileBytes: 1500, Files: 3, Ratio: 200}
	random := func(n int) string {
		// Not compressible, and the same in each run.
		var b strings.Builder
		for i, x := 0, uint32(1); i < n; i++ {
			x = x*1664525 + 1013904223
			b.WriteByte(byte(x>>24)&0x7f | 0x20)
		}
		return b.String()
	}
	tests := map[string]struct {
		files map[string]string
		// make adds to the folder what is no file.
		make func(dir string) error
		// want are parts of the error: what, the limit, and what to do.
		want []string
	}{
		"empty":          {want: []string{"no file"}},
		"all left out":   {files: map[string]string{".venv/x": ""}, want: []string{"no file", "1 left out"}},
		"too many files": {files: map[string]string{"1": "", "2": "", "3": "", "4": ""}, want: []string{"more than 3 files", "4 is one", ".previewignore"}},
		"file too large": {files: map[string]string{"a/big": strings.Repeat("x", 1501)}, want: []string{"a/big", "1500 bytes", ".previewignore"}},
		"too large in all": {
			files: map[string]string{"a": strings.Repeat("x", 1100), "b": strings.Repeat("x", 1100)},
			want:  []string{"2000 bytes in all", "b is one", ".previewignore"},
		},
		"too large when packed": {files: map[string]string{"a": random(900)}, want: []string{"when packed", "limit is 300", ".previewignore"}},
		"link to a file": {
			files: map[string]string{"main.py": ""},
			make:  func(dir string) error { return os.Symlink("main.py", filepath.Join(dir, "link.py")) },
			want:  []string{"link.py is a symbolic link", ".previewignore"},
		},
		"link that leads out": {
			make: func(dir string) error { return os.Symlink("/etc", filepath.Join(dir, "etc")) },
			want: []string{"etc is a symbolic link"},
		},
		"ignore file that is a link": {
			make: func(dir string) error { return os.Symlink("/etc/passwd", filepath.Join(dir, ".gitignore")) },
			want: []string{".gitignore is a symbolic link"},
		},
		"named pipe": {
			make: func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o644) },
			want: []string{"pipe is a named pipe"},
		},
		"socket": {
			make: func(dir string) error {
				listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s")})
				if err == nil {
					listener.SetUnlinkOnClose(false)
					err = listener.Close()
				}
				return err
			},
			want: []string{"s is a socket"},
		},
		"name that cannot be stored": {files: map[string]string{"a\\b.py": ""}, want: []string{"backslash"}},
		"too deep":                   {files: map[string]string{strings.Repeat("d/", 33) + "x": ""}, want: []string{"too deep", "32"}},
		"ignore file too large":      {files: map[string]string{".gitignore": strings.Repeat("x\n", maxIgnoreBytes)}, want: []string{".gitignore", "65536 bytes"}},
		"pattern too long":           {files: map[string]string{".gitignore": "a\n" + strings.Repeat("x", maxPattern+1)}, want: []string{".gitignore, line 2", "1024"}},
		"too many patterns":          {files: map[string]string{"s/.gitignore": strings.Repeat("x\n", maxPatterns+1)}, want: []string{"s/.gitignore", "1000 patterns"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := write(t, tt.files)
			if tt.make != nil {
				if err := tt.make(dir); err != nil {
					t.Fatal(err)
				}
			}
			_, err := folder(dir, limits)
			if err == nil {
				t.Fatal("it was packed")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want %q in it", err, want)
				}
			}
		})
	}
	t.Run("special files that are left out", func(t *testing.T) {
		dir := write(t, map[string]string{"main.py": "", ".gitignore": "link\n"})
		if err := os.Symlink("main.py", filepath.Join(dir, "link")); err != nil {
			t.Fatal(err)
		}
		if _, err := Folder(dir); err != nil {
			t.Error(err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		for _, dir := range []string{filepath.Join(t.TempDir(), "none"), filepath.Join(write(t, map[string]string{"f": ""}), "f")} {
			if _, err := Folder(dir); err == nil || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v", err)
			}
		}
	})
	t.Run("the limits are the gateway's", func(t *testing.T) {
		_, err := Folder(write(t, map[string]string{"big": strings.Repeat("x", 2<<20+1)}))
		if err == nil || !strings.Contains(err.Error(), "2097152") {
			t.Errorf("got %v", err)
		}
	})
}

// What cannot be launched can be read, without what is in the way.
func TestRead(t *testing.T) {
	dir := write(t, map[string]string{
		"main.py": "a", "large.bin": strings.Repeat("x", 2<<20+1), "node_modules/x.js": "", "Photo.JPG": "x", ".gitignore": "secret\n", "secret/x": "", "a\\b.py": "",
		strings.Repeat("d/", archive.MaxDepth+1) + "deep.py": "",
	})
	if err := os.Symlink("main.py", filepath.Join(dir, "link.py")); err != nil {
		t.Fatal(err)
	}
	files, skipped, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".gitignore", "main.py"}, slices.Sorted(maps.Keys(files))); diff != "" || skipped != 4 {
		t.Errorf("%d skipped; files (-want +got):\n%s", skipped, diff)
	}
	if _, _, err := Read(filepath.Join(dir, "main.py")); err == nil {
		t.Error("a file was read as a folder")
	}
	if files, _, err := Read(t.TempDir()); err != nil || len(files) != 0 {
		t.Errorf("an empty folder: %v, %v", files, err)
	}
}
