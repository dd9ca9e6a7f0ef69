package archive

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// Stats tell what an archive held.
type Stats struct {
	// Files counts regular files, Bytes their unpacked size in all, CompressedBytes the archive itself.
	Files           int
	Bytes           int64
	CompressedBytes int64
}

// Unpack writes the files of a gzip-compressed tar archive below root: files 0644, folders 0755, whatever the archive
// says. What breaks a rule is an *Error; other errors come from reading, writing or ctx. After an error root holds the
// files before the one at fault.
func Unpack(ctx context.Context, r io.Reader, root *os.Root, limits Limits) (Stats, error) {
	return walk(ctx, r, limits, visitor{
		folder: func(name string) error { return root.MkdirAll(name, 0o755) },
		file: func(name string, _ int64, content io.Reader) error {
			if dir := path.Dir(name); dir != "." {
				if err := root.MkdirAll(dir, 0o755); err != nil {
					return err
				}
			}
			return writeFile(root, name, content)
		},
	})
}

func writeFile(root *os.Root, name string, content io.Reader) error {
	// O_EXCL: the destination may not be empty, and nothing that is there may be followed or changed.
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		return errors.Join(err, file.Close())
	}
	return file.Close()
}

// Read is Unpack into memory: path to content.
func Read(ctx context.Context, r io.Reader, limits Limits) (map[string][]byte, Stats, error) {
	files := map[string][]byte{}
	stats, err := walk(ctx, r, limits, visitor{
		folder: func(string) error { return nil },
		file: func(name string, size int64, content io.Reader) error {
			data := make([]byte, size)
			if _, err := io.ReadFull(content, data); err != nil {
				return err
			}
			files[name] = data
			return nil
		},
	})
	if err != nil {
		return nil, stats, err
	}
	return files, stats, nil
}

// visitor is told of entries whose names and sizes are within the limits.
type visitor struct {
	folder func(name string) error
	file   func(name string, size int64, content io.Reader) error
}

func walk(ctx context.Context, r io.Reader, limits Limits, visit visitor) (Stats, error) {
	if err := limits.Validate(); err != nil {
		return Stats{}, err
	}
	w := &walker{limits: limits, entries: newEntrySet(), visit: visit}
	w.source = &source{ctx: ctx, r: r, max: limits.CompressedBytes}
	err := w.run()
	w.stats.CompressedBytes = w.source.n
	switch {
	case err == nil:
		return w.stats, nil
	case w.source.err != nil:
		// Whatever gzip and tar made of it, this is where it began.
		return w.stats, w.source.err
	}
	return w.stats, err
}

// walker goes through one archive.
type walker struct {
	limits  Limits
	visit   visitor
	source  *source
	entries *entrySet
	stats   Stats
	seen    int
}

func (w *walker) run() error {
	compressed := bufio.NewReader(w.source)
	gz, err := gzip.NewReader(compressed)
	if err != nil {
		return formatError("not gzip-compressed", err)
	}
	gz.Multistream(false)
	plain := &plainReader{r: gz, w: w}
	err = w.each(tar.NewReader(plain))
	if err == nil {
		err = w.trailer(plain, compressed)
	}
	if plain.err != nil {
		// Whatever tar made of it.
		return plain.err
	}
	return err
}

func (w *walker) each(archive *tar.Reader) error {
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return formatError("not a whole tar archive", err)
		}
		if w.seen++; w.seen > w.limits.Files {
			return &Error{Rule: RuleFiles, Entry: header.Name, Max: int64(w.limits.Files), Detail: "too many entries"}
		}
		if err := w.entry(header, archive); err != nil {
			return err
		}
	}
}

func (w *walker) entry(header *tar.Header, content io.Reader) error {
	switch header.Typeflag {
	case tar.TypeXGlobalHeader:
		// A comment that "git archive" puts first.
		return nil
	case tar.TypeReg, tar.TypeDir:
	default:
		return &Error{Rule: RuleType, Entry: header.Name, Detail: describe(header.Typeflag) + " is not allowed"}
	}
	name, folder := header.Name, header.Typeflag == tar.TypeDir
	// "tar -C project -c ." puts ./ in front of every name, and / behind those of folders.
	name = strings.TrimPrefix(name, "./")
	if folder {
		if name = strings.TrimSuffix(name, "/"); name == "" || name == "." {
			return nil
		}
	}
	if err := CheckPath(name); err != nil {
		var refused *Error
		if errors.As(err, &refused) {
			refused.Entry = header.Name
		}
		return err
	}
	if err := w.entries.add(name, folder); err != nil {
		return err
	}
	if folder {
		return w.visit.folder(name)
	}
	return w.file(name, header.Size, content)
}

func (w *walker) file(name string, size int64, content io.Reader) error {
	if size > w.limits.FileBytes {
		return &Error{Rule: RuleFileBytes, Entry: name, Max: w.limits.FileBytes, Detail: fmt.Sprintf("file of %d bytes is too large", size)}
	}
	if size > w.limits.Bytes-w.stats.Bytes {
		return &Error{Rule: RuleBytes, Entry: name, Max: w.limits.Bytes, Detail: "the files are too large in all"}
	}
	w.stats.Bytes += size
	w.stats.Files++
	if err := w.visit.file(name, size, content); err != nil {
		if errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) {
			return formatError("not a whole tar archive", err)
		}
		return err
	}
	return nil
}

// trailer reads what follows the last entry: tar pads with zeros, and then the archive ends.
func (w *walker) trailer(plain io.Reader, compressed *bufio.Reader) error {
	buffer := make([]byte, 4096)
	for {
		n, err := plain.Read(buffer)
		for _, b := range buffer[:n] {
			if b != 0 {
				return &Error{Rule: RuleFormat, Detail: "data after the end of the tar archive"}
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return formatError("not whole", err)
		}
	}
	if _, err := compressed.ReadByte(); err != io.EOF {
		return &Error{Rule: RuleFormat, Detail: "data after the end of the archive"}
	}
	return nil
}

// plainReader counts the unpacked stream, headers and padding included, against what a well-formed archive within the
// limits can need, and against the ratio.
type plainReader struct {
	r   io.Reader
	w   *walker
	n   int64
	err error
}

// entryOverhead is more than tar needs for one entry besides its content: headers, a long name, and padding.
const entryOverhead = 8 << 10

func (p *plainReader) Read(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.r.Read(b)
	p.n += int64(n)
	limits := p.w.limits
	switch {
	case p.n > RatioFloor && p.n/limits.Ratio > p.w.source.n:
		p.err = &Error{Rule: RuleRatio, Max: limits.Ratio, Detail: "unpacks to suspiciously many bytes"}
	case p.n-limits.Bytes-RatioFloor > int64(limits.Files)*entryOverhead:
		p.err = &Error{Rule: RuleBytes, Max: limits.Bytes, Detail: "unpacks to too many bytes"}
	}
	if p.err != nil {
		return 0, p.err
	}
	return n, err
}

// source is the archive as it comes: bounded, and given up when ctx ends.
type source struct {
	ctx context.Context
	r   io.Reader
	max int64
	n   int64
	err error
}

func (s *source) Read(b []byte) (int, error) {
	if s.err == nil {
		s.err = s.ctx.Err()
	}
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(b)
	s.n += int64(n)
	if s.n > s.max {
		s.err = &Error{Rule: RuleCompressedBytes, Max: s.max, Detail: "the archive is too large"}
		return 0, s.err
	}
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func formatError(detail string, err error) error {
	return &Error{Rule: RuleFormat, Detail: fmt.Sprintf("%s: %v", detail, err)}
}

func describe(typeflag byte) string {
	switch typeflag {
	case tar.TypeSymlink:
		return "symbolic link"
	case tar.TypeLink:
		return "hard link"
	case tar.TypeChar, tar.TypeBlock:
		return "device"
	case tar.TypeFifo:
		return "named pipe"
	default:
		return fmt.Sprintf("entry of type %q", typeflag)
	}
}
