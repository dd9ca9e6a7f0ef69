package flask

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// converterTypes are the JSON types of what Werkzeug's converters make; all others make strings.
var converterTypes = map[string]string{"int": "integer", "float": "number"}

// parseRule writes a rule of Werkzeug as a path with {name}, and tells its parameters.
func parseRule(rule string) (path string, params []route.Param) {
	var out strings.Builder
	for rule != "" {
		open := strings.IndexByte(rule, '<')
		end := closing(rule, open)
		if open < 0 || end < 0 {
			break
		}
		converter, name := splitVariable(rule[open+1 : end])
		if name == "" {
			out.WriteString(rule[:end+1])
			rule = rule[end+1:]
			continue
		}
		out.WriteString(rule[:open])
		out.WriteString("{" + name + "}")
		rule = rule[end+1:]
		params = append(params, newParam(converter, name))
	}
	out.WriteString(rule)
	return out.String(), params
}

// closing is where the variable that opens at a place ends: a > in a converter's arguments does not end it.
func closing(rule string, open int) int {
	if open < 0 {
		return -1
	}
	depth := 0
	for i := open; i < len(rule); i++ {
		switch rule[i] {
		case '(':
			depth++
		case ')':
			depth--
		case '>':
			if depth <= 0 {
				return i
			}
		}
	}
	if end := strings.IndexByte(rule[open:], '>'); end >= 0 {
		return open + end
	}
	return -1
}

// splitVariable takes "int:id" apart. A variable whose name is no identifier has none.
func splitVariable(variable string) (converter, name string) {
	at := strings.LastIndexByte(variable, ':')
	if at >= 0 {
		converter = strings.TrimSpace(variable[:at])
	}
	name = strings.TrimSpace(variable[at+1:])
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < 0x80 {
			return "", ""
		}
	}
	return converter, name
}

func newParam(converter, name string) route.Param {
	kind, _, _ := strings.Cut(converter, "(")
	param := route.Param{Name: name, In: "path", Type: "string", Pattern: converter, Required: true}
	if other, ok := converterTypes[kind]; ok {
		param.Type = other
	}
	return param
}
