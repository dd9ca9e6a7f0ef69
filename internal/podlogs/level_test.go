package podlogs

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLevels(t *testing.T) {
	tests := map[string]Level{
		"INFO:     Started server process [1]":                  LevelInfo,
		"WARNING:  Invalid HTTP request received.":              LevelWarning,
		"ERROR:    Exception in ASGI application":               LevelError,
		"CRITICAL: out of cheese":                               LevelError,
		"DEBUG:    = connection is CONNECTING":                  LevelDebug,
		"TRACE:    127.0.0.1:33 - HTTP connection made":         LevelDebug,
		"ERROR:root:it broke":                                   LevelError,
		"DEBUG:app.db:SELECT 1":                                 LevelDebug,
		"2025-10-16 12:00:00,123 - app.main - ERROR - no books": LevelError,
		"2025-10-16 12:00:00,123 - app.main - WARNING - slow":   LevelWarning,
		"2025-10-16 12:00:00,123 INFO app: an ERROR was fixed":  LevelInfo,
		"2025-10-16 12:00:00 [ERROR] app: broke":                LevelError,
		"[WARNING] watch out":                                   LevelWarning,
		"[2025-10-16 12:00:00 +0000] [7] [DEBUG] gunicorn":      LevelDebug,
		"2025-10-16 12:00:00.1 | ERROR    | mod:fn:1 - loguru":  LevelError,
		`{"level": "error", "msg": "structured"}`:               LevelError,
		`time=2025-10-16T12:00:00Z level=warn msg=slow`:         LevelWarning,
		"hello":                    LevelInfo,
		"":                         LevelInfo,
		"no ERRORS here":           LevelInfo,
		"An error is only a word":  LevelInfo,
		"INFORMATION: not a level": LevelInfo,
		strings.Repeat("x", 400) + "ERROR: far away": LevelInfo,
	}
	for text, want := range tests {
		var c classifier
		if got := c.level(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTracebackIsAnErrorToItsLastLine(t *testing.T) {
	lines := []struct {
		text string
		want Level
	}{
		{"INFO:     Started", LevelInfo},
		{"Traceback (most recent call last):", LevelError},
		{`  File "main.py", line 1, in <module>`, LevelError},
		{"    import nope", LevelError},
		{"ModuleNotFoundError: No module named 'nope'", LevelError},
		{"INFO:     Waiting", LevelInfo},
		{"  + Exception Group Traceback (most recent call last):", LevelError},
		{"  |   File \"x.py\", line 1", LevelError},
		{"| ValueError: 1", LevelError},
		{"", LevelError},
		{"ExceptionGroup: two", LevelError},
		{"done", LevelInfo},
	}
	var c classifier
	for _, line := range lines {
		if diff := cmp.Diff(line.want, c.level(line.text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line.text, diff)
		}
	}
}
