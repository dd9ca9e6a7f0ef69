package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/hack/localcluster/internal/config"
	"github.com/codebegen/preview-operator/hack/localcluster/internal/image"
)

// Kubectl prepares a call of kubectl as the cluster's administrator.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (*exec.Cmd, error) {
	p, err := c.Params()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.Cache.Dir, p.Programs[config.BuildKubernetes], "kubectl"), args...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+c.Kubeconfig(),
		// Otherwise it keeps what it learned of every cluster in the home folder.
		"KUBECACHEDIR="+c.path("kubectl-cache"),
	)
	return cmd, nil
}

// Load makes the images of an OCI archive available to pods, unless the node has
// the very same already.
func (c *Cluster) Load(ctx context.Context, archive string) error {
	images, err := image.Contents(archive)
	if err != nil {
		return err
	}
	loaded, err := c.ctr(ctx, nil, "images", "check")
	if err != nil {
		return fmt.Errorf("list images: %w", err)
	}
	if hasAll(loaded, images) {
		return nil
	}
	file, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer file.Close()
	// Over standard input, for the node does not see all of the host's folders.
	if _, err := c.ctr(ctx, file, "images", "import", "--local", "-"); err != nil {
		return fmt.Errorf("import %s: %w", archive, err)
	}
	return nil
}

// hasAll reads the table `ctr images check` prints: REF TYPE DIGEST STATUS ... UNPACKED.
func hasAll(table string, images map[string]string) bool {
	found := 0
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 4 || images[fields[0]] != fields[2] {
			continue
		}
		if fields[3] == "complete" && slices.Contains(fields, "true") {
			found++
		}
	}
	return found == len(images)
}

// ctr runs containerd's client inside the node.
func (c *Cluster) ctr(ctx context.Context, stdin *os.File, args ...string) (string, error) {
	p, err := c.Params()
	if err != nil {
		return "", err
	}
	node := c.node()
	if !node.alive() {
		return "", fmt.Errorf("cluster %s is not running; start it with: localcluster --name %s up", c.Name, c.Name)
	}
	enter := []string{
		"--target", strconv.Itoa(node.PID), "--mount", "--net", "--pid", "--",
		p.Program(config.BuildContainerd, "ctr"), "--namespace", "k8s.io",
	}
	cmd := exec.CommandContext(ctx, "nsenter", append(enter, args...)...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	var output, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &messages
	if err := cmd.Run(); err != nil {
		return "", errors.Join(err, errors.New(strings.TrimSpace(messages.String())))
	}
	return output.String(), nil
}
