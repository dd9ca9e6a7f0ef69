package javascript

import (
	"regexp"
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// regex is a regular expression; compiled is nil where Go has no such expression, as with look-ahead.
type regex struct {
	source, flags string
	compiled      *regexp.Regexp
}

// maxRegex bounds expressions that are compiled, in bytes.
const maxRegex = 1 << 10

func (in *Interpreter) newRegex(source, flags string) *Object {
	r := &regex{source: source, flags: flags}
	in.take(len(source) + 256)
	if len(source) <= maxRegex {
		in.take(32 * len(source))
		options := ""
		for _, flag := range flags {
			if strings.ContainsRune("ims", flag) {
				options += string(flag)
			}
		}
		// In JavaScript, a slash may be escaped, and named groups have no P.
		expression := strings.ReplaceAll(source, `\/`, `/`)
		expression = strings.ReplaceAll(expression, `[^]`, `(?s:.)`)
		if options != "" {
			expression = "(?" + options + ")" + expression
		}
		if compiled, err := regexp.Compile(expression); err == nil {
			r.compiled = compiled
		}
	}
	return &Object{Class: ClassRegExp, Proto: in.protos.regexp, regex: r}
}

func (in *Interpreter) regexLiteral(_ *frame, _ *scope, n *syntax.Node) Value {
	return in.newRegex(textOf(n.Child("pattern")), textOf(n.Child("flags")))
}

func newRegExp(c *Call) Value {
	if o, ok := c.Arg(0).(*Object); ok && o.regex != nil {
		return o
	}
	source, ok := c.Text(0)
	flags, _ := c.Text(1)
	if !ok {
		return &Unknown{Name: "RegExp"}
	}
	return c.In.newRegex(source, flags)
}

// RegexSource is the source of a regular expression.
func RegexSource(v Value) (string, bool) {
	if o, ok := v.(*Object); ok && o.regex != nil {
		return o.regex.source, true
	}
	return "", false
}

func withRegex(v Value, f func(*regex) Value) Value {
	o, ok := v.(*Object)
	if !ok || o.regex == nil || o.regex.compiled == nil {
		return &Unknown{Name: "a regular expression"}
	}
	return f(o.regex)
}

var regexpMethods = methods{
	"test": func(c *Call) Value {
		text, known := ToString(c.Arg(0))
		if !known {
			return &Unknown{}
		}
		return withRegex(c.This, func(r *regex) Value { return r.compiled.MatchString(text) })
	},
	"exec": func(c *Call) Value {
		text, known := ToString(c.Arg(0))
		if !known {
			return &Unknown{}
		}
		return withRegex(c.This, func(r *regex) Value {
			if strings.Contains(r.flags, "g") {
				return &Unknown{Name: "exec"}
			}
			return matchArray(c.In, r, text)
		})
	},
}
