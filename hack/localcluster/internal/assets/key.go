package assets

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// folder names a build's folder in the cache. Besides the version it carries a
// hash of whatever else decides the content, so that an edited main package, a
// changed go.sum or another Go never serves a stale program.
func (b build) folder(source string) (string, error) {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s/%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(hash, "%q %q %q %q\n", b.packages, b.tags, b.ldflags, b.links)

	root := filepath.Join(source, b.dir)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		content, err := os.Open(path)
		if err != nil {
			return err
		}
		defer content.Close()
		fmt.Fprintf(hash, "%s\x00", name)
		_, err = io.Copy(hash, content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash the sources of %s: %w", b.name, err)
	}
	return fmt.Sprintf("%s-%s-%s", b.name, b.version, hex.EncodeToString(hash.Sum(nil))[:12]), nil
}
