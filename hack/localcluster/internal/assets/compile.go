package assets

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// compile runs the one `go build` of b, counting the packages it compiles.
func (c Cache) compile(ctx context.Context, b build, out, step string) error {
	task := c.Progress.Start(step)
	total, err := c.countPackages(ctx, b)
	if err != nil {
		task.Fail()
		return err
	}

	args := []string{"build", "-v", "-trimpath", "-tags=" + b.tags, "-ldflags=-s -w " + b.ldflags, "-o", out + "/"}
	cmd := c.goCommand(ctx, b, append(args, b.packages...)...)
	output, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		task.Fail()
		return fmt.Errorf("start go (is it installed and on the PATH?): %w", err)
	}
	messages, readErr := follow(output, func(compiled int) { task.Update(compiled, total) })
	if err := cmd.Wait(); err != nil {
		task.Fail()
		return fmt.Errorf("go build in %s: %w\n%s", cmd.Dir, err, messages)
	}
	if readErr != nil {
		return fmt.Errorf("read the output of go build: %w", readErr)
	}
	task.Done()
	return nil
}

// follow counts the lines that name a package and keeps the others, which are
// the compiler's messages.
func follow(output io.Reader, compiled func(int)) (messages string, err error) {
	var kept bytes.Buffer
	count := 0
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "go: downloading "):
		case strings.ContainsAny(line, " #:"):
			fmt.Fprintln(&kept, line)
		default:
			count++
			compiled(count)
		}
	}
	return kept.String(), lines.Err()
}

// countPackages also downloads the modules.
func (c Cache) countPackages(ctx context.Context, b build) (int, error) {
	cmd := c.goCommand(ctx, b, append([]string{"list", "-deps", "-tags=" + b.tags, "-f={{.ImportPath}}"}, b.packages...)...)
	var messages bytes.Buffer
	cmd.Stderr = &messages
	list, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("go list in %s: %w\n%s", cmd.Dir, err, messages.String())
	}
	return bytes.Count(list, []byte("\n")), nil
}

func (c Cache) goCommand(ctx context.Context, b build, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = filepath.Join(c.Source, b.dir)
	// A workspace or a vendor setting of the user's must not change what is built.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	return cmd
}
