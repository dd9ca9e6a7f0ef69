package django

import (
	"strconv"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// patternKind says how the text of a pattern is to be read.
type patternKind uint8

const (
	// routeText is what path() takes: <int:pk>.
	routeText patternKind = iota
	// regexText is what re_path() and url() take.
	regexText
	// literalText has no parameters.
	literalText
)

// pattern is the part of a path that one path(), re_path() or i18n_patterns() matches.
type pattern struct {
	kind patternKind
	text string
	// known is false when the text was computed from what is not known.
	known bool
}

// served is a path in the making: what the patterns above have matched.
type served struct {
	path   string
	params []route.Param
	// unnamed counts the groups without a name, which are {arg1}, {arg2}…
	unnamed int
}

// join appends a pattern. It is false when the pattern cannot be written as a path.
func (s served) join(p pattern) (served, bool) {
	if !p.known {
		return s, false
	}
	// The siblings of this pattern append to the same slice.
	s.params = s.params[:len(s.params):len(s.params)]
	switch p.kind {
	case literalText:
		s.path += p.text
		return s, true
	case routeText:
		s.addRoute(p.text)
		return s, true
	default:
		return s, s.addRegex(p.text, 0)
	}
}

func (s *served) addParam(name, kind, pattern string) {
	s.path += "{" + name + "}"
	for _, param := range s.params {
		if param.Name == name {
			return
		}
	}
	s.params = append(s.params, route.Param{Name: name, In: "path", Type: kind, Pattern: pattern, Required: true})
}

// addRoute writes <converter:name> as {name}.
func (s *served) addRoute(text string) {
	for {
		before, rest, found := strings.Cut(text, "<")
		s.path += before
		if !found {
			return
		}
		inner, after, closed := strings.Cut(rest, ">")
		if !closed {
			s.path += "<" + rest
			return
		}
		converter, name, named := strings.Cut(inner, ":")
		if !named {
			converter, name = "str", inner
		}
		s.addParam(strings.TrimSpace(name), converterType(converter), converter)
		text = after
	}
}

func converterType(converter string) string {
	switch converter {
	case "int":
		return "integer"
	case "str", "slug", "uuid", "path":
		return "string"
	}
	return ""
}

// maxGroups bounds the nesting of groups.
const maxGroups = 20

// addRegex writes a regular expression as a path, much as Django's own documentation of views does: groups with a name are
// parameters, what is optional is there, anchors are left out. It is false for alternatives.
func (s *served) addRegex(text string, depth int) bool {
	if depth > maxGroups {
		return false
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '^', '$', '?':
		case '|', '[':
			return false
		case '*', '+':
			// Whatever may follow: the rest of the path is not known, and stays as it is written.
			if i > 0 && text[i-1] == '.' {
				s.path += string(rune(c))
			}
		case '\\':
			i++
			if i < len(text) && !s.addEscape(text[i]) {
				return false
			}
		case '(':
			end := groupEnd(text, i)
			if !s.addGroup(text[i:end], depth) {
				return false
			}
			i = end - 1
			if end < len(text) && (text[end] == '*' || text[end] == '+') {
				i = end
			}
		default:
			s.path += text[i : i+1]
		}
	}
	return true
}

// addEscape writes the character behind a backslash. It is false for a class of characters.
func (s *served) addEscape(c byte) bool {
	if strings.IndexByte("bBAZz", c) >= 0 {
		return true
	}
	s.path += string(rune(c))
	return !isAlnum(c)
}

func isAlnum(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// addGroup writes one group, its brackets included.
func (s *served) addGroup(group string, depth int) bool {
	inner := strings.TrimSuffix(group[1:], ")")
	if named, ok := strings.CutPrefix(inner, "?P<"); ok {
		name, expression, _ := strings.Cut(named, ">")
		s.addParam(name, expressionType(expression), expression)
		return true
	}
	extension, extended := strings.CutPrefix(inner, "?")
	if !extended {
		s.unnamed++
		s.addParam("arg"+strconv.Itoa(s.unnamed), expressionType(inner), inner)
		return true
	}
	if extension == "" || strings.IndexByte("=!<#", extension[0]) >= 0 {
		return true
	}
	// Flags, such as (?i), or a group that does not capture: (?:…) and (?i:…).
	_, content, found := strings.Cut(extension, ":")
	return !found || s.addRegex(content, depth+1)
}

func expressionType(expression string) string {
	switch expression {
	case `\d+`, `[0-9]+`, `\d*`, `[0-9]*`, `[1-9]\d*`, `[1-9][0-9]*`:
		return "integer"
	}
	return "string"
}

// groupEnd returns the index after the bracket that closes the one at start.
func groupEnd(text string, start int) int {
	depth, class := 0, false
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			depth++
		case c == ')':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}
