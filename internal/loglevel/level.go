// Package loglevel recognises the level of a line that an application has printed: as uvicorn and Python's logging write
// it, in structured logs, and for tracebacks, which are errors to their end.
package loglevel

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Level of a line, as the HTTP API names it.
type Level string

// The levels of the HTTP API.
const (
	Debug   Level = "DEBUG"
	Info    Level = "INFO"
	Warning Level = "WARNING"
	Error   Level = "ERROR"
)

// pattern finds the level where uvicorn ("INFO:     Started"), logging.basicConfig ("ERROR:name:text"), the usual
// formats with a time before it ("2025-10-16 12:00:00,123 - app - ERROR - text", "12:00:00 [ERROR] text") and
// structured ones ("level=error") have it: in capitals with a separator on both sides, or after level=.
var pattern = regexp.MustCompile(
	`^(?:[^A-Za-z"]{0,40}|[^"]{0,80}?[\s\]|]-?\s?|[^"]{0,80}?\[)\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b(?:\s*[:|\]-]|\s{2,}|$)` +
		`|\b(?:level|levelname|severity)"?[=:]\s?"?(trace|debug|info|notice|warn|warning|error|critical|alert|emergency|fatal)\b`)

// words are what the pattern needs to match: to look for them first spares most lines its cost.
var words = []string{"INFO", "ERROR", "WARN", "DEBUG", "CRITICAL", "FATAL", "TRACE", "level", "severity"}

const (
	// maxColumn bounds how far into a line its level is looked for.
	maxColumn = 160
	// maxTail bounds the lines that belong to a traceback after the one that names the exception.
	maxTail = 64
)

// links stand between the tracebacks of exceptions that caused each other.
var links = map[string]bool{
	"During handling of the above exception, another exception occurred:":  true,
	"The above exception was the direct cause of the following exception:": true,
}

// Classifier finds the levels of the lines of one log, in order: a traceback has several lines.
type Classifier struct {
	inTraceback bool
	// tail counts down the lines that may still belong to the traceback whose exception was named.
	tail int
	last Level
	// partial is set when the line before goes on in this one.
	partial bool
}

// Level of the next line. partial is set when the line goes on in the one after it, which then has the same level.
func (c *Classifier) Level(text string, partial bool) Level {
	if !c.partial {
		c.last = c.level(text)
	}
	c.partial = partial
	return c.last
}

func (c *Classifier) level(text string) Level {
	if strings.Contains(text, "Traceback (most recent call last)") {
		c.inTraceback = true
		return Error
	}
	if c.inTraceback {
		// The frames are indented (with | in exception groups), and the first line that is not names the exception.
		if text != "" && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "|") {
			c.inTraceback, c.tail = false, maxTail
		}
		return Error
	}
	level, found := recognise(text)
	if c.tail > 0 && !found {
		// The message of an exception may have more lines, which are indented as a rule.
		if text == "" || links[text] || strings.HasPrefix(text, " ") {
			c.tail--
			return Error
		}
	}
	c.tail = 0
	return level
}

// recognise finds the level that a line names, Info when it names none.
func recognise(text string) (level Level, found bool) {
	if strings.HasPrefix(text, "{") {
		if level, found := structured(text); found {
			return level, true
		}
	}
	head := text[:min(len(text), maxColumn)]
	if !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(head, word) }) {
		return Info, false
	}
	match := pattern.FindStringSubmatch(head)
	if match == nil {
		return Info, false
	}
	return named(match[1] + match[2])
}

// structured reads a line that is a JSON object with a level, wherever in it that stands.
func structured(text string) (level Level, found bool) {
	var record struct {
		Level     any `json:"level"`
		LevelName any `json:"levelname"`
		Severity  any `json:"severity"`
	}
	if json.Unmarshal([]byte(text), &record) != nil {
		return Info, false
	}
	for _, value := range []any{record.Level, record.LevelName, record.Severity} {
		switch value := value.(type) {
		case string:
			if level, found := named(value); found {
				return level, true
			}
		case float64:
			return numbered(value), true
		}
	}
	return Info, false
}

func named(name string) (level Level, found bool) {
	switch strings.ToUpper(name) {
	case "TRACE", "DEBUG":
		return Debug, true
	case "INFO", "NOTICE":
		return Info, true
	case "WARN", "WARNING":
		return Warning, true
	case "ERROR", "CRITICAL", "FATAL", "ALERT", "EMERGENCY":
		return Error, true
	default:
		return Info, false
	}
}

// numbered is a level as Python's logging counts them.
func numbered(level float64) Level {
	switch {
	case level >= 40:
		return Error
	case level >= 30:
		return Warning
	case level >= 20:
		return Info
	default:
		return Debug
	}
}
