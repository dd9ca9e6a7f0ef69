package framework

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// kubectlTimeout and helmTimeout bound one call of each.
const (
	kubectlTimeout = 90 * time.Second
	helmTimeout    = 4 * time.Minute
)

// Kubectl runs the real kubectl in the namespace of the previews and returns what it printed.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) (string, error) {
	return c.KubectlInput(ctx, "", args...)
}

// LocalCluster runs a command on the local cluster that the installation is in, such as restart of a component.
func (c *Cluster) LocalCluster(ctx context.Context, args ...string) error {
	if c.Config.LocalCluster == "" {
		return errors.New("E2E_LOCALCLUSTER names no command of a local cluster")
	}
	ctx, cancel := context.WithTimeout(ctx, kubectlTimeout)
	defer cancel()
	if output, err := exec.CommandContext(ctx, c.Config.LocalCluster, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("localcluster %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

// KubectlInput is Kubectl with a standard input.
func (c *Cluster) KubectlInput(ctx context.Context, stdin string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, kubectlTimeout)
	defer cancel()
	return c.run(ctx, stdin, c.Config.Kubectl, append([]string{"--namespace", c.Namespace}, args...))
}

// Helm runs the real helm in the namespace of the installation and returns what it printed.
func (c *Cluster) Helm(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, helmTimeout)
	defer cancel()
	return c.run(ctx, "", c.Config.Helm, append([]string{"--namespace", SystemNamespace}, args...))
}

func (c *Cluster) run(ctx context.Context, stdin, program string, args []string) (string, error) {
	command := exec.CommandContext(ctx, program, append([]string{"--kubeconfig", c.Kubeconfig}, args...)...)
	// KUBECONFIG of the caller must not be mixed in.
	command.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	command.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	if err := command.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
