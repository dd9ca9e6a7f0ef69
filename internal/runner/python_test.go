package runner_test

import (
	"os/exec"
	"regexp"
	"testing"
)

// The parts of the embedded script that can be called without a runner have tests in Python.
func TestPython(t *testing.T) {
	output, err := exec.Command("python3", "-B", "-W", "error::ResourceWarning", "-m", "unittest", "discover", "-s", "python").CombinedOutput()
	if err != nil || !regexp.MustCompile(`(?m)^Ran [1-9]\d* tests`).Match(output) {
		t.Errorf("error %v, output:\n%s", err, output)
	}
}
