package podlogs

import (
	"regexp"
	"strings"
)

// Level of a line, as the HTTP API names it.
type Level string

// The levels of the HTTP API.
const (
	LevelDebug   Level = "DEBUG"
	LevelInfo    Level = "INFO"
	LevelWarning Level = "WARNING"
	LevelError   Level = "ERROR"
)

// levelPattern finds the level where uvicorn ("INFO:     Started"), logging.basicConfig ("ERROR:name:text"), the usual
// formats with a time before it ("2025-10-16 12:00:00,123 - app - ERROR - text", "12:00:00 [ERROR] text") and
// structured ones ("level=error") have it: in capitals with a separator on both sides, or after level=.
var levelPattern = regexp.MustCompile(
	`^(?:[^A-Za-z"]{0,40}|[^"]{0,80}?[\s\]|]-?\s?|[^"]{0,80}?\[)\b(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b(?:\s*[:|\]-]|\s{2,}|$)` +
		`|\blevel"?[=:]\s?"?(trace|debug|info|warn|warning|error|critical|fatal)\b`)

// maxLevelColumn bounds how far into a line its level is looked for.
const maxLevelColumn = 160

// classifier finds the levels of the lines of one log, in order: a traceback has several lines.
type classifier struct {
	inTraceback bool
}

func (c *classifier) level(text string) Level {
	if strings.Contains(text, "Traceback (most recent call last)") {
		c.inTraceback = true
		return LevelError
	}
	if c.inTraceback {
		// The frames are indented (with | in exception groups), and the first line that is not names the exception.
		if text != "" && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "|") {
			c.inTraceback = false
		}
		return LevelError
	}
	match := levelPattern.FindStringSubmatch(text[:min(len(text), maxLevelColumn)])
	if match == nil {
		return LevelInfo
	}
	switch strings.ToUpper(match[1] + match[2]) {
	case "TRACE", "DEBUG":
		return LevelDebug
	case "WARN", "WARNING":
		return LevelWarning
	case "ERROR", "CRITICAL", "FATAL":
		return LevelError
	default:
		return LevelInfo
	}
}
