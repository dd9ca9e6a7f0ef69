package express

import (
	"regexp"
	"strings"

	js "github.com/codebegen/preview-operator/internal/endpoints/javascript"
	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

var (
	parameter4 = regexp.MustCompile(`:(\w+)(\((?:[^()]|\([^()]*\))*\))?([?+*]?)`)
	parameter5 = regexp.MustCompile(`\\.|[{}]|[:*]"([^"]+)"|[:*]([A-Za-z_$][\w$]*)`)
	group4     = regexp.MustCompile(`\((\w+)\)\?`)
	optional4  = regexp.MustCompile(`(\w)\?`)
	escaped    = regexp.MustCompile(`\\(.)`)
	plainText  = regexp.MustCompile(`^[\w/.-]+$`)
	plainEsc   = regexp.MustCompile(`\\([/.-])`)
)

// written is a path as rows have it, and its parameters.
func written(path string, version int) (string, []route.Param) {
	if version >= 5 {
		return written5(path)
	}
	var params []route.Param
	path = parameter4.ReplaceAllStringFunc(path, func(text string) string {
		parts := parameter4.FindStringSubmatch(text)
		params = append(params, param(parts[1], strings.TrimSuffix(strings.TrimPrefix(parts[2], "("), ")"), parts[3] != "?" && parts[3] != "*"))
		return "{" + parts[1] + "}"
	})
	path = strings.ReplaceAll(path, "(.*)", "*")
	path = group4.ReplaceAllString(path, "$1")
	path = optional4.ReplaceAllString(path, "$1")
	return escaped.ReplaceAllString(path, "$1"), params
}

func param(name, pattern string, required bool) route.Param {
	p := route.Param{Name: name, In: "path", Type: "string", Pattern: pattern, Required: required}
	switch pattern {
	case `\d+`, `[0-9]+`, `\d*`, `[0-9]*`:
		p.Type = "integer"
	}
	return p
}

func written5(path string) (string, []route.Param) {
	var params []route.Param
	depth := 0
	path = parameter5.ReplaceAllStringFunc(path, func(text string) string {
		switch {
		case text == "{":
			depth++
			return ""
		case text == "}":
			depth--
			return ""
		case text[0] == '\\':
			return text[1:]
		}
		name := strings.Trim(text[1:], `"`)
		params = append(params, param(name, "", depth <= 0))
		return "{" + name + "}"
	})
	return path, params
}

// plain is a path as text; known is false for what is not known and for regular expressions that are more than a text.
func plain(v js.Value) (text string, known bool) {
	if source, ok := js.RegexSource(v); ok {
		text := strings.TrimSuffix(strings.TrimPrefix(source, "^"), "$")
		text = plainEsc.ReplaceAllString(strings.TrimSuffix(text, `\/?`), "$1")
		if plainText.MatchString(text) && !strings.Contains(strings.ReplaceAll(source, `\.`, ""), ".") {
			return text, true
		}
		return "", false
	}
	return js.Text(v)
}

// joined puts a route's path behind the prefix of its router.
func joined(prefix, path string) string {
	switch path {
	case "/", "":
		path = ""
	case "*", "(.*)":
		path = "/*"
	}
	if full := prefix + path; full != "" {
		return full
	}
	return "/"
}
