// Package archive packs the files of a project into a gzip-compressed tar archive and unpacks such archives from
// people who are not trusted: nothing but regular files and folders, nowhere but below the destination, and never more
// than the limits allow.
package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// MaxPathBytes, MaxSegmentBytes and MaxDepth bound the paths of files. A segment is what Linux file systems take;
	// a whole path leaves room for the folder that the archive is unpacked into below PATH_MAX.
	MaxPathBytes    = 1024
	MaxSegmentBytes = 255
	MaxDepth        = 32
)

// Limits bound what an archive may hold; each must be positive.
type Limits struct {
	// CompressedBytes bounds the archive itself, Bytes its unpacked files in all, FileBytes each of them.
	CompressedBytes int64 `json:"compressedBytes"`
	Bytes           int64 `json:"bytes"`
	FileBytes       int64 `json:"fileBytes"`
	// Files bounds the number of entries: files, folders and whatever else is refused anyway.
	Files int `json:"files"`
	// Ratio bounds unpacked over compressed bytes, for archives of more than RatioFloor unpacked bytes.
	Ratio int64 `json:"ratio"`
}

// RatioFloor is the number of unpacked bytes below which no ratio is too high: a short file of one repeated line is
// not a bomb.
const RatioFloor = 1 << 20

// DefaultLimits suit generated projects: 1000 files, 2 MiB each, 10 MiB in all and compressed.
func DefaultLimits() Limits {
	return Limits{CompressedBytes: 10 << 20, Bytes: 10 << 20, FileBytes: 2 << 20, Files: 1000, Ratio: 200}
}

// Validate names the first limit that is not positive.
func (l Limits) Validate() error {
	for _, limit := range []struct {
		name  string
		value int64
	}{
		{"compressedBytes", l.CompressedBytes}, {"bytes", l.Bytes}, {"fileBytes", l.FileBytes},
		{"files", int64(l.Files)}, {"ratio", l.Ratio},
	} {
		if limit.value <= 0 {
			return fmt.Errorf("archive limit %s is %d, it must be positive", limit.name, limit.value)
		}
	}
	return nil
}

// Rule is a rule that an archive broke.
type Rule string

// The rules, named as the fields and limits that users know.
const (
	RulePath            Rule = "path"            // absolute, .., empty, control characters, too long or too deep
	RuleType            Rule = "type"            // a link, device or anything else that is not a file or folder
	RuleDuplicate       Rule = "duplicate"       // two entries of one path, or a file used as a folder
	RuleFiles           Rule = "files"           // too many entries
	RuleFileBytes       Rule = "fileBytes"       // a file is too large
	RuleBytes           Rule = "bytes"           // the files are too large in all
	RuleCompressedBytes Rule = "compressedBytes" // the archive is too large
	RuleRatio           Rule = "ratio"           // unpacks to suspiciously much
	RuleFormat          Rule = "format"          // not a gzip-compressed tar archive, truncated, or followed by something
)

// Error says which rule an archive broke, and where.
type Error struct {
	Rule Rule
	// Entry is the path at fault as it stands in the archive, empty when the archive as a whole is. It is not to be
	// trusted; Error quotes it.
	Entry string
	// Max is the limit that was exceeded, or 0.
	Max int64
	// Detail for people.
	Detail string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("archive: ")
	if e.Entry != "" {
		fmt.Fprintf(&b, "%s: ", quote(e.Entry))
	}
	b.WriteString(e.Detail)
	if e.Max > 0 {
		fmt.Fprintf(&b, " (limit %s is %d)", e.Rule, e.Max)
	}
	return b.String()
}

// quote bounds a hostile name for messages.
func quote(name string) string {
	const most = 120
	if len(name) > most {
		return fmt.Sprintf("%q…", strings.ToValidUTF8(name[:most], ""))
	}
	return fmt.Sprintf("%q", name)
}

// CheckPath reports why a path cannot name a file of a project: it must be relative, clean, slash-separated, valid
// UTF-8 without control characters or backslashes, and within the bounds above. The error is an *Error.
func CheckPath(path string) error {
	refuse := func(limit int, detail string) error {
		return &Error{Rule: RulePath, Entry: path, Max: int64(limit), Detail: detail}
	}
	switch {
	case path == "":
		return refuse(0, "empty path")
	case len(path) > MaxPathBytes:
		return refuse(MaxPathBytes, "path is too long")
	case !utf8.ValidString(path):
		return refuse(0, "path is not valid UTF-8")
	case strings.HasPrefix(path, "/"):
		return refuse(0, "absolute path")
	case strings.Contains(path, `\`):
		return refuse(0, "backslash in path")
	case strings.ContainsFunc(path, isControl):
		return refuse(0, "control character in path")
	case strings.Count(path, "/") >= MaxDepth:
		return refuse(MaxDepth, "path is too deep")
	}
	for segment := range strings.SplitSeq(path, "/") {
		switch {
		case segment == "":
			return refuse(0, "empty segment in path")
		case segment == "." || segment == "..":
			return refuse(0, segment+" segment in path")
		case len(segment) > MaxSegmentBytes:
			return refuse(MaxSegmentBytes, "segment of path is too long")
		}
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// Pack makes an archive of files, path to content, and returns it with its hexadecimal SHA-256. The same files give the
// same bytes: sorted, without times or owners. It refuses paths that Unpack would refuse.
func Pack(files map[string][]byte) (data []byte, digest string, err error) {
	paths := slices.Sorted(maps.Keys(files))
	entries := newEntrySet()
	var out bytes.Buffer
	// Best speed: archives travel within the node, and packing is on the way of a launch.
	gz, err := gzip.NewWriterLevel(&out, gzip.BestSpeed)
	if err != nil {
		return nil, "", err
	}
	archive := tar.NewWriter(gz)
	for _, path := range paths {
		if err := CheckPath(path); err != nil {
			return nil, "", err
		}
		if err := entries.add(path, false); err != nil {
			return nil, "", err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: path, Mode: 0o644, Size: int64(len(files[path]))}
		if err := archive.WriteHeader(header); err != nil {
			return nil, "", fmt.Errorf("archive: %s: %w", quote(path), err)
		}
		if _, err := archive.Write(files[path]); err != nil {
			return nil, "", fmt.Errorf("archive: %s: %w", quote(path), err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, "", err
	}
	if err := gz.Close(); err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(out.Bytes())
	return out.Bytes(), hex.EncodeToString(sum[:]), nil
}
