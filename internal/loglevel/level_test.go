package loglevel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLevels(t *testing.T) {
	tests := map[string]Level{
		"INFO:     Started server process [1]":                                Info,
		"WARNING:  Invalid HTTP request received.":                            Warning,
		"ERROR:    Exception in ASGI application":                             Error,
		"CRITICAL: out of cheese":                                             Error,
		"DEBUG:    = connection is CONNECTING":                                Debug,
		"TRACE:    127.0.0.1:33 - HTTP connection made":                       Debug,
		"ERROR:root:it broke":                                                 Error,
		"DEBUG:app.db:SELECT 1":                                               Debug,
		"2025-10-16 12:00:00,123 - app.main - ERROR - no books":               Error,
		"2025-10-16 12:00:00,123 - app.main - WARNING - slow":                 Warning,
		"2025-10-16 12:00:00,123 INFO app: an ERROR was fixed":                Info,
		"2025-10-16 12:00:00 [ERROR] app: broke":                              Error,
		"[WARNING] watch out":                                                 Warning,
		"[2025-10-16 12:00:00 +0000] [7] [DEBUG] gunicorn":                    Debug,
		"2025-10-16 12:00:00.1 | ERROR    | mod:fn:1 - loguru":                Error,
		`{"level": "error", "msg": "structured"}`:                             Error,
		`{"msg": "` + strings.Repeat("x", 400) + `", "levelname": "WARNING"}`: Warning,
		`{"severity":"NOTICE","message":"ERROR: quoted"}`:                     Info,
		`{"severity":"ALERT","message":"x"}`:                                  Error,
		`{"level":30,"msg":"x"}`:                                              Warning,
		`{"level":10}`:                                                        Debug,
		`{"level":"loud","msg":"x"}`:                                          Info,
		`{"message":"no level"}`:                                              Info,
		`{"level":"error","msg":"cut`:                                         Error,
		`time=2025-10-16T12:00:00Z level=warn msg=slow`:                       Warning,
		"hello":                    Info,
		"":                         Info,
		"no ERRORS here":           Info,
		"An error is only a word":  Info,
		"INFORMATION: not a level": Info,
		strings.Repeat("x", 400) + "ERROR: far away": Info,
	}
	for text, want := range tests {
		var c Classifier
		if got := c.Level(text, false); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTracebackIsAnErrorToItsLastLine(t *testing.T) {
	lines := []struct {
		text string
		want Level
	}{
		{"INFO:     Started", Info},
		{"Traceback (most recent call last):", Error},
		{`  File "main.py", line 1, in <module>`, Error},
		{"    import nope", Error},
		{"ModuleNotFoundError: No module named 'nope'", Error},
		{"INFO:     Waiting", Info},
		{"  + Exception Group Traceback (most recent call last):", Error},
		{"  |   File \"x.py\", line 1", Error},
		{"| ValueError: 1", Error},
		{"", Error},
		{"ExceptionGroup: two", Error},
		{"done", Info},
		{"Traceback (most recent call last):", Error},
		{`  File "a.py", line 1`, Error},
		{"KeyError: 'a'", Error},
		{"", Error},
		{"During handling of the above exception, another exception occurred:", Error},
		{"", Error},
		{"Traceback (most recent call last):", Error},
		{"pydantic_core.ValidationError: 1 validation error", Error},
		{"  Field required", Error},
		{"WARNING:  next", Warning},
		{"  indented", Info},
	}
	var c Classifier
	for _, line := range lines {
		if diff := cmp.Diff(line.want, c.Level(line.text, false)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line.text, diff)
		}
	}
}

func TestPartsOfALineHaveOneLevel(t *testing.T) {
	var c Classifier
	var got []Level
	for _, part := range []struct {
		text    string
		partial bool
	}{{"ERROR: long", true}, {"INFO: quoted", true}, {"rest", false}, {"next", false}} {
		got = append(got, c.Level(part.text, part.partial))
	}
	if diff := cmp.Diff([]Level{Error, Error, Error, Info}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
