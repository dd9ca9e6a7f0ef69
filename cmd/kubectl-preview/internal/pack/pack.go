// Package pack makes the archive of a project from a folder: what a person who launches it means, and never more than the
// gateway takes.
package pack

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/codebegen/preview-operator/internal/archive"
)

// ignoreFiles are read in each folder; the later one has the last word.
var ignoreFiles = []string{".gitignore", ".previewignore"}

// never are the names that no project needs at run time: its history, and what its tools leave behind.
var never = []string{".git", "__pycache__", "node_modules", ".venv"}

// media are the names' endings of files that nobody reads for what the code does; a folder of pictures would take the place of
// the source.
var media = []string{
	".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".ico", ".tiff", ".psd", ".mp3", ".wav", ".ogg", ".mp4", ".mov", ".avi",
	".mkv", ".webm", ".ttf", ".otf", ".woff", ".woff2", ".eot", ".pdf", ".zip", ".gz", ".tgz", ".7z", ".rar", ".jar",
}

// Project is a packed folder.
type Project struct {
	// Archive is a tar.gz archive, the same for the same files.
	Archive []byte
	Files   int
	Bytes   int64
	// LeftOut counts the files and folders that were left out by name or by an ignore file.
	LeftOut int
}

// Folder packs a folder. Symbolic links and other special files that no rule leaves out are refused: the preview would not
// have what they stand for.
func Folder(dir string) (Project, error) {
	return folder(dir, archive.DefaultLimits())
}

// Limits of a folder that is only read: a repository has more than a project that is launched.
const (
	maxReadFiles = 20_000
	maxReadBytes = 128 << 20
)

// Read reads a folder by the same rules, but leaves out, and counts, what Folder refuses: nobody is going to run it. Pictures
// and other media are not read.
func Read(dir string) (files map[string][]byte, skipped int, err error) {
	limits := archive.DefaultLimits()
	limits.Files, limits.Bytes = maxReadFiles, maxReadBytes
	p, err := collect(dir, limits, true)
	if err != nil {
		return nil, 0, err
	}
	return p.files, p.skipped, nil
}

// collect walks a folder.
func collect(dir string, limits archive.Limits, lenient bool) (*packer, error) {
	// An os.Root keeps a file that is replaced by a link meanwhile from leading out of the folder.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, describe(dir, err)
	}
	defer func() { _ = root.Close() }()
	p := &packer{root: root, dir: dir, limits: limits, lenient: lenient, files: map[string][]byte{}}
	return p, p.walk("", nil)
}

func folder(dir string, limits archive.Limits) (Project, error) {
	p, err := collect(dir, limits, false)
	if err != nil {
		return Project{}, err
	}
	if len(p.files) == 0 {
		return Project{}, fmt.Errorf("%s has no file to launch (%d left out by name or by %s)", dir, p.leftOut, strings.Join(ignoreFiles, " and "))
	}
	data, _, err := archive.Pack(p.files)
	if err != nil {
		return Project{}, fmt.Errorf("%s: %w", dir, err)
	}
	if int64(len(data)) > limits.CompressedBytes {
		return Project{}, fmt.Errorf("%s has %d bytes when packed, the limit is %d: %s", dir, len(data), limits.CompressedBytes, hint)
	}
	return Project{Archive: data, Files: len(p.files), Bytes: p.bytes, LeftOut: p.leftOut}, nil
}

// hint says what to do about a project that is too large.
const hint = "name what is not needed in .previewignore"

// describe makes an error about a folder that cannot be opened.
func describe(dir string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("the project %s cannot be opened as a folder: %w", dir, err)
}

// packer collects the files of a folder.
type packer struct {
	root   *os.Root
	dir    string
	limits archive.Limits
	// lenient skips what is refused otherwise.
	lenient bool

	files            map[string][]byte
	bytes            int64
	leftOut, skipped int
}

// walk collects what is below a folder, whose path is relative, empty for the root. above are the ignore files of the
// folders that it is in.
func (p *packer) walk(at string, above []ignoreFile) error {
	entries, err := p.list(at)
	if err != nil {
		return err
	}
	ignore := slices.Clip(above)
	for _, name := range ignoreFiles {
		if !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name && e.Type().IsRegular() }) {
			continue
		}
		file, err := p.readIgnore(at, name)
		if err != nil {
			return err
		}
		ignore = append(ignore, file)
	}
	for _, entry := range entries {
		relative := path.Join(at, entry.Name())
		picture := p.lenient && !entry.IsDir() && slices.Contains(media, strings.ToLower(path.Ext(entry.Name())))
		if picture || slices.Contains(never, entry.Name()) || ignored(ignore, relative, entry.IsDir()) {
			p.leftOut++
			continue
		}
		err := p.add(relative, entry, ignore)
		switch {
		case err != nil && p.lenient:
			p.skipped++
		case err != nil:
			return err
		}
	}
	return nil
}

func (p *packer) list(at string) ([]fs.DirEntry, error) {
	folder, err := p.root.Open(path.Join(".", at))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.dir, err)
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.dir, err)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func (p *packer) readIgnore(at, name string) (ignoreFile, error) {
	relative := path.Join(at, name)
	content, err := p.read(relative, maxIgnoreBytes)
	if err != nil {
		return ignoreFile{}, err
	}
	prefix := ""
	if at != "" {
		prefix = at + "/"
	}
	return parseIgnore(relative, prefix, content)
}

// add collects a file, or a folder with what is in it.
func (p *packer) add(relative string, entry fs.DirEntry, ignore []ignoreFile) error {
	switch {
	case entry.IsDir():
		if strings.Count(relative, "/") >= archive.MaxDepth {
			return fmt.Errorf("%s: the folder is too deep, the limit is %d: %s", relative, archive.MaxDepth, hint)
		}
		return p.walk(relative, ignore)
	case !entry.Type().IsRegular():
		return fmt.Errorf("%s is a %s, and a project has only files and folders: replace it, or %s", relative, kindOf(entry.Type()), hint)
	case len(p.files) == p.limits.Files:
		return fmt.Errorf("the project has more than %d files (%s is one too many): %s", p.limits.Files, relative, hint)
	}
	if err := archive.CheckPath(relative); err != nil {
		return err
	}
	content, err := p.read(relative, p.limits.FileBytes)
	if err != nil {
		return err
	}
	if p.bytes+int64(len(content)) > p.limits.Bytes {
		return fmt.Errorf("the files have more than %d bytes in all, the limit (%s is one too many): %s", p.limits.Bytes, relative, hint)
	}
	p.bytes += int64(len(content))
	p.files[relative] = content
	return nil
}

// read reads a file of at most limit bytes.
func (p *packer) read(relative string, limit int64) ([]byte, error) {
	file, err := p.root.Open(relative)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.dir, err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.dir, err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("%s has more than %d bytes, the limit of a file: %s", relative, limit, hint)
	}
	return content, nil
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	case mode&fs.ModeSocket != 0:
		return "socket"
	case mode&fs.ModeDevice != 0:
		return "device"
	default:
		return "special file"
	}
}
