package runner

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/internal/archive"
	"github.com/codebegen/preview-operator/internal/runnerapi"
)

// Bounds of an assignment beyond those of its fields' types.
const (
	maxIDBytes        = 128
	maxEntrypoint     = 255
	maxStartupSeconds = 3600
	maxVariables      = 256
	// maxCompressedBytes bounds what the runner holds in memory, whatever the assignment allows.
	maxCompressedBytes = 64 << 20
)

var (
	entrypointPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*(\(\))?$`)
	variablePattern   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// validate names the first field that is out of bounds.
func validate(a runnerapi.Assignment) error {
	switch {
	case a.ID == "" || len(a.ID) > maxIDBytes:
		return fmt.Errorf("id must have 1 to %d bytes", maxIDBytes)
	case a.Port < 1 || a.Port > 65535 || a.Port == runnerapi.ControlPort:
		return fmt.Errorf("port %d is none for an application", a.Port)
	case a.Entrypoint != "" && (len(a.Entrypoint) > maxEntrypoint || !entrypointPattern.MatchString(a.Entrypoint)):
		return errors.New("entrypoint is not module:attribute")
	case a.StartupTimeoutSeconds < 1 || a.StartupTimeoutSeconds > maxStartupSeconds:
		return fmt.Errorf("startupTimeoutSeconds must be 1 to %d", maxStartupSeconds)
	case a.AwaitMemoryLimit && a.MemoryLimitMB < 1:
		return errors.New("awaitMemoryLimit needs memoryLimitMB")
	case len(a.Env) > maxVariables:
		return fmt.Errorf("env has more than %d variables", maxVariables)
	case a.Limits.CompressedBytes > maxCompressedBytes:
		return fmt.Errorf("limits.compressedBytes must not exceed %d", maxCompressedBytes)
	}
	for _, variable := range a.Env {
		if !variablePattern.MatchString(variable.Name) || strings.HasPrefix(variable.Name, reservedPrefix) {
			return fmt.Errorf("env: %.64q cannot be set", variable.Name)
		}
		if strings.ContainsRune(variable.Value, 0) {
			return fmt.Errorf("env: the value of %s has a NUL", variable.Name)
		}
	}
	if a.Archive != nil {
		if sum, err := hex.DecodeString(a.Archive.SHA256); err != nil || len(sum) != 32 {
			return errors.New("archive.sha256 is not the hexadecimal of a SHA-256 digest")
		}
	}
	return archive.Limits(a.Limits).Validate()
}

// readAssignment reads the first part of the body of an assignment.
func readAssignment(form *multipart.Reader) (runnerapi.Assignment, error) {
	var assignment runnerapi.Assignment
	part, err := form.NextPart()
	if err != nil {
		return assignment, fmt.Errorf("part %s: %w", runnerapi.PartAssignment, err)
	}
	if part.FormName() != runnerapi.PartAssignment {
		return assignment, fmt.Errorf("the first part must be %s", runnerapi.PartAssignment)
	}
	data, err := io.ReadAll(io.LimitReader(part, runnerapi.MaxAssignmentBytes+1))
	if err != nil {
		return assignment, err
	}
	if len(data) > runnerapi.MaxAssignmentBytes {
		return assignment, &http.MaxBytesError{Limit: runnerapi.MaxAssignmentBytes}
	}
	if err := json.Unmarshal(data, &assignment); err != nil {
		return assignment, fmt.Errorf("part %s: %w", runnerapi.PartAssignment, err)
	}
	return assignment, validate(assignment)
}

// readCode reads the second part, if the assignment has one: at most one byte more than the limit, which unpacking
// then reports.
func readCode(form *multipart.Reader, assignment runnerapi.Assignment) ([]byte, error) {
	part, err := form.NextPart()
	if errors.Is(err, io.EOF) {
		if assignment.Archive == nil {
			return nil, fmt.Errorf("neither part %s nor an archive to fetch", runnerapi.PartCode)
		}
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("part %s: %w", runnerapi.PartCode, err)
	}
	if part.FormName() != runnerapi.PartCode || assignment.Archive != nil {
		return nil, fmt.Errorf("unexpected part %.32q", part.FormName())
	}
	return io.ReadAll(io.LimitReader(part, assignment.Limits.CompressedBytes+1))
}

func portString(port int32) string { return strconv.Itoa(int(port)) }
