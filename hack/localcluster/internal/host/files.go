package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/pki"
)

// bundle returns the cluster's certificates, made on the first call. They stay
// the same for as long as the address plan they are valid for does.
func (c *Cluster) bundle(p config.Params) (pki.Bundle, error) {
	marker := c.path(config.PKIDir, "bundle.json")
	var stored struct {
		Subnet int
		Bundle pki.Bundle
	}
	content, err := os.ReadFile(marker)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil && json.Unmarshal(content, &stored) == nil && stored.Subnet == p.Subnet.Index() && stored.Bundle.Complete() {
		return stored.Bundle, nil
	}

	stored.Subnet = p.Subnet.Index()
	stored.Bundle, err = pki.NewBundle(p.Name, p.Subnet, time.Now())
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(marker), 0o700); err != nil {
		return nil, err
	}
	for name, pair := range stored.Bundle {
		if err := writeFile(c.path(config.PKIDir, name+".crt"), pair.Cert, 0o644); err != nil {
			return nil, err
		}
		if err := writeFile(c.path(config.PKIDir, name+".key"), pair.Key, 0o600); err != nil {
			return nil, err
		}
	}
	// Last, for it is what says that the others are complete.
	content, err = json.Marshal(stored)
	if err != nil {
		return nil, err
	}
	return stored.Bundle, writeFile(marker, content, 0o600)
}

// writeState writes everything the node is going to read.
func (c *Cluster) writeState(p config.Params, files map[string][]byte) error {
	for name, content := range files {
		if err := writeFile(c.path(config.ConfigDir, name), content, 0o600); err != nil {
			return err
		}
	}
	if err := writeFile(c.Kubeconfig(), files[pki.Admin+".kubeconfig"], 0o600); err != nil {
		return err
	}
	for _, dir := range []string{config.LogDir, config.VarLibDir, config.VarLogDir} {
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			return err
		}
	}
	for _, volume := range config.Volumes() {
		dir := c.path(config.VolumeDir(volume))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		// A pod runs under any user id, and not every one sets fsGroup.
		if err := os.Chmod(dir, 0o777); err != nil {
			return err
		}
	}
	return nil
}

// configurationHash changes when the node has to be started anew to run what
// this program would start.
func configurationHash(p config.Params, files map[string][]byte) string {
	hash := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(hash, "%s %q\n", name, files[name])
	}
	for _, component := range config.Components(p) {
		fmt.Fprintf(hash, "%q\n", component)
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func (c *Cluster) logPath(component string) string {
	return c.path(config.LogDir, component+".log")
}

// tail returns the last lines of a component's log, for an error message.
func (c *Cluster) tail(component string) string {
	const (
		lines   = 15
		maxRead = 16 << 10
	)
	file, err := os.Open(c.logPath(component))
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	offset := max(0, info.Size()-maxRead)
	content := make([]byte, info.Size()-offset)
	n, _ := file.ReadAt(content, offset)
	all := strings.Split(strings.TrimSpace(string(content[:n])), "\n")
	all = all[max(0, len(all)-lines):]
	return fmt.Sprintf("last lines of %s:\n  %s", c.logPath(component), strings.Join(all, "\n  "))
}
