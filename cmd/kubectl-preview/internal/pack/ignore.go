package pack

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Bounds of ignore files.
const (
	maxIgnoreBytes = 64 << 10
	maxPatterns    = 1000
	maxPattern     = 1024
)

// pattern is one line of an ignore file.
type pattern struct {
	// match is matched with the path relative to the folder of the ignore file.
	match *regexp.Regexp
	// keep takes back what earlier patterns left out, foldersOnly spares files.
	keep, foldersOnly bool
}

// ignoreFile has the patterns of a folder.
type ignoreFile struct {
	// prefix of the paths below the folder: empty, or with a / at its end.
	prefix   string
	patterns []pattern
}

// parseIgnore reads an ignore file in the format of gitignore.
func parseIgnore(name, prefix string, content []byte) (ignoreFile, error) {
	file := ignoreFile{prefix: prefix}
	if len(content) > maxIgnoreBytes {
		return file, fmt.Errorf("%s has %d bytes, at most %d are read", name, len(content), maxIgnoreBytes)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	scanner := bufio.NewScanner(bytes.NewReader(content))
	scanner.Buffer(nil, maxIgnoreBytes+1)
	for number := 1; scanner.Scan(); number++ {
		p, ok, err := parsePattern(scanner.Text())
		if err != nil {
			return file, fmt.Errorf("%s, line %d: %w", name, number, err)
		}
		if !ok {
			continue
		}
		if file.patterns = append(file.patterns, p); len(file.patterns) > maxPatterns {
			return file, fmt.Errorf("%s has more than %d patterns", name, maxPatterns)
		}
	}
	return file, scanner.Err()
}

// parsePattern reads a line. It is not ok when the line has no pattern.
func parsePattern(line string) (p pattern, ok bool, err error) {
	line = trimSpaces(strings.TrimSuffix(line, "\r"))
	if line == "" || line[0] == '#' {
		return p, false, nil
	}
	if len(line) > maxPattern {
		return p, false, fmt.Errorf("the pattern has %d bytes, at most %d are read", len(line), maxPattern)
	}
	if line[0] == '!' {
		p.keep, line = true, line[1:]
	}
	if strings.HasSuffix(line, "/") {
		p.foldersOnly, line = true, strings.TrimSuffix(line, "/")
	}
	// A slash anywhere but at the end ties the pattern to the folder of its file.
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false, nil
	}
	expression := translate(line)
	if !anchored {
		expression = "(?:.*/)?" + expression
	}
	p.match, err = regexp.Compile("^(?s:" + expression + ")$")
	if err != nil {
		// Git takes a pattern that is none, such as one with an open bracket, to match nothing.
		return p, false, nil //nolint:nilerr // the line is left out as git leaves it out
	}
	return p, true, nil
}

// trimSpaces takes the spaces from the end of a line but those that are escaped.
func trimSpaces(line string) string {
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	return line
}

// translate makes a regular expression of a pattern.
func translate(glob string) string {
	var b strings.Builder
	for i := 0; i < len(glob); {
		rest := glob[i:]
		atStart := i == 0 || glob[i-1] == '/'
		switch {
		case atStart && strings.HasPrefix(rest, "**/"):
			b.WriteString("(?:.*/)?")
			i += 3
		case atStart && rest == "**":
			b.WriteString(".+")
			i += 2
		case rest[0] == '*':
			b.WriteString("[^/]*")
			i++
		case rest[0] == '?':
			b.WriteString("[^/]")
			i++
		case rest[0] == '[':
			class, length := translateClass(rest)
			b.WriteString(class)
			i += length
		case rest[0] == '\\' && len(rest) > 1:
			b.WriteString(regexp.QuoteMeta(rest[1:2]))
			i += 2
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
			i++
		}
	}
	return b.String()
}

// translateClass makes a class of the bracket that text begins with, and returns how long that is. A bracket that is never
// closed gives an expression that does not compile.
func translateClass(text string) (string, int) {
	end := 1
	if end < len(text) && (text[end] == '!' || text[end] == '^') {
		end++
	}
	if end < len(text) && text[end] == ']' {
		end++
	}
	for end < len(text) && text[end] != ']' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(text) {
		return "[", len(text)
	}
	inner := text[1:end]
	negated := strings.HasPrefix(inner, "!") || strings.HasPrefix(inner, "^")
	if negated {
		inner = inner[1:]
	}
	inner = strings.ReplaceAll(inner, "[", `\[`)
	if strings.HasPrefix(inner, "]") {
		inner = `\` + inner
	}
	if negated {
		// What is not in the class may still not be a slash.
		return "[^/" + inner + "]", end + 1
	}
	return "[" + inner + "]", end + 1
}

// decide says whether a file has a pattern for a path, and whether the last such pattern leaves it out.
func (f ignoreFile) decide(path string, folder bool) (ignored, decided bool) {
	relative, below := strings.CutPrefix(path, f.prefix)
	if !below {
		return false, false
	}
	for i := len(f.patterns) - 1; i >= 0; i-- {
		p := f.patterns[i]
		if (folder || !p.foldersOnly) && p.match.MatchString(relative) {
			return !p.keep, true
		}
	}
	return false, false
}

// ignored asks the files from the last one, which is the deepest, to the first.
func ignored(files []ignoreFile, path string, folder bool) bool {
	for i := len(files) - 1; i >= 0; i-- {
		if ignored, decided := files[i].decide(path, folder); decided {
			return ignored
		}
	}
	return false
}
