package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unicode"

	"github.com/codebegen/preview-operator/internal/runnerapi"
)

const (
	// maxMessage bounds messages in characters; status.lastFailure takes 1024.
	maxMessage = 1000
	// maxTerminationLog is what the kubelet reads of a termination log, in bytes.
	maxTerminationLog = 4096
)

// failf makes a failure without an exit code.
func failf(reason, format string, args ...any) *runnerapi.Failure {
	return &runnerapi.Failure{Reason: reason, Message: clean(fmt.Sprintf(format, args...))}
}

// clean makes one bounded line of what a process said.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\ufffd"))
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > maxMessage {
		return string(runes[:maxMessage-1]) + "…"
	}
	return string(runes)
}

// reported is the failure that the application's process gave as its own. It is free to say anything, but only reasons
// that a process can know are taken from it.
func reported(message event) *runnerapi.Failure {
	switch message.Reason {
	case runnerapi.ReasonEntrypointNotFound, runnerapi.ReasonImportError, runnerapi.ReasonAppExited:
		return failf(message.Reason, "%s", message.Message)
	default:
		return failf(runnerapi.ReasonStartupFailed, "%s", message.Message)
	}
}

// withExit adds what is known of the end of the process to what it said, if anything, before it ended.
func withExit(said *runnerapi.Failure, status syscall.WaitStatus, killedForMemory bool, limitMB int64) *runnerapi.Failure {
	code := exitCode(status)
	failure := said
	switch {
	case killedForMemory && limitMB > 0:
		failure = failf(runnerapi.ReasonOOMKilled, "the application used more memory than its limit of %d MiB", limitMB)
	case killedForMemory:
		failure = failf(runnerapi.ReasonOOMKilled, "the application used more memory than its limit")
	case failure != nil:
	case status.Signaled():
		failure = failf(runnerapi.ReasonAppExited, "the application was ended by signal %d (%s)", int(status.Signal()), status.Signal())
	default:
		failure = failf(runnerapi.ReasonAppExited, "the application exited with code %d", code)
	}
	failure.ExitCode = &code
	return failure
}

// writeTerminationLog leaves a failure where the kubelet finds it, within the bytes it reads.
func writeTerminationLog(path string, failure runnerapi.Failure) error {
	for {
		data, err := json.Marshal(failure)
		if err != nil {
			return err
		}
		if len(data) <= maxTerminationLog {
			return os.WriteFile(path, data, 0o644)
		}
		// JSON escapes may take six bytes a character.
		runes := []rune(failure.Message)
		failure.Message = string(runes[:len(runes)*3/4])
	}
}
