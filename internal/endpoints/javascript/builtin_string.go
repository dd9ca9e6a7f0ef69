package javascript

import (
	"math"
	"strings"
	"unicode/utf8"
)

// onText makes a method of a function of the string; anything else is Unknown.
func onText(f func(c *Call, text string) Value) Native {
	return func(c *Call) Value {
		text, ok := c.This.(string)
		if !ok {
			return &Unknown{}
		}
		return f(c, text)
	}
}

func mapText(f func(string) string) Native {
	return onText(func(c *Call, text string) Value { return c.In.text(f(text)) })
}

// withArg makes a method of a function of the string and of its first argument.
func withArg(f func(c *Call, text, arg string) Value) Native {
	return onText(func(c *Call, text string) Value {
		arg, known := ToString(c.Arg(0))
		if !known {
			return &Unknown{}
		}
		return f(c, text, arg)
	})
}

var stringMethods = methods{
	"toLowerCase": mapText(strings.ToLower), "toUpperCase": mapText(strings.ToUpper),
	"toLocaleLowerCase": mapText(strings.ToLower), "toLocaleUpperCase": mapText(strings.ToUpper),
	"trim":      mapText(strings.TrimSpace),
	"trimStart": mapText(func(s string) string { return strings.TrimLeft(s, " \t\r\n") }),
	"trimEnd":   mapText(func(s string) string { return strings.TrimRight(s, " \t\r\n") }),
	"toString":  mapText(func(s string) string { return s }), "valueOf": mapText(func(s string) string { return s }),
	"startsWith": withArg(func(_ *Call, text, arg string) Value { return strings.HasPrefix(text, arg) }),
	"endsWith":   withArg(func(_ *Call, text, arg string) Value { return strings.HasSuffix(text, arg) }),
	"includes":   withArg(func(_ *Call, text, arg string) Value { return strings.Contains(text, arg) }),
	"indexOf":    withArg(func(_ *Call, text, arg string) Value { return float64(strings.Index(text, arg)) }),
	"lastIndexOf": withArg(func(_ *Call, text, arg string) Value {
		return float64(strings.LastIndex(text, arg))
	}),
	"localeCompare": withArg(func(_ *Call, text, arg string) Value { return float64(strings.Compare(text, arg)) }),
	"concat": onText(func(c *Call, text string) Value {
		for _, arg := range c.Args {
			more, known := ToString(arg)
			if !known || len(text)+len(more) > maxString {
				return &Unknown{}
			}
			text += more
		}
		return c.In.text(text)
	}),
	"split":      onText(split),
	"replace":    onText(func(c *Call, text string) Value { return replace(c, text, false) }),
	"replaceAll": onText(func(c *Call, text string) Value { return replace(c, text, true) }),
	"match":      onText(match),
	"search": onText(func(c *Call, text string) Value {
		return withRegex(c.Arg(0), func(r *regex) Value {
			if at := r.compiled.FindStringIndex(text); at != nil {
				return float64(at[0])
			}
			return -1.0
		})
	}),
	"slice": onText(func(c *Call, text string) Value {
		start, end := span(c, len(text))
		return text[start:end]
	}),
	"substring": onText(func(c *Call, text string) Value {
		start, end := bounded(c.Arg(0), 0, len(text)), bounded(c.Arg(1), len(text), len(text))
		return text[min(start, end):max(start, end)]
	}),
	"substr": onText(func(c *Call, text string) Value {
		start, _ := span(&Call{Args: c.Args[:min(1, len(c.Args))]}, len(text))
		return text[start : start+bounded(c.Arg(1), len(text)-start, len(text)-start)]
	}),
	"charAt": onText(func(c *Call, text string) Value {
		if i := bounded(c.Arg(0), 0, len(text)); i < len(text) {
			return text[i : i+1]
		}
		return ""
	}),
	"at": onText(func(c *Call, text string) Value {
		start, _ := span(&Call{Args: c.Args[:min(1, len(c.Args))]}, len(text))
		if start < len(text) {
			return text[start : start+1]
		}
		return nil
	}),
	"charCodeAt": onText(func(c *Call, text string) Value {
		if i := bounded(c.Arg(0), 0, len(text)); i < len(text) {
			r, _ := utf8.DecodeRuneInString(text[i:])
			return float64(r)
		}
		return math.NaN()
	}),
	"repeat": onText(func(c *Call, text string) Value {
		n, known := ToNumber(c.Arg(0))
		if !known || n < 0 || n*float64(len(text)) > maxString || n > maxString {
			return &Unknown{Name: "a long string"}
		}
		return c.In.text(strings.Repeat(text, clamp(n, maxString)))
	}),
	"padStart": onText(func(c *Call, text string) Value { return pad(c, text, true) }),
	"padEnd":   onText(func(c *Call, text string) Value { return pad(c, text, false) }),
}

// clamp is a number as an integer from 0 to size. What is not a number is 0, as in all functions of the language that want
// an integer.
func clamp(n float64, size int) int {
	if math.IsNaN(n) {
		return 0
	}
	return int(math.Max(0, math.Min(n, float64(size))))
}

// bounded is a position from 0 to size.
func bounded(v Value, otherwise, size int) int {
	n, ok := v.(float64)
	if !ok || math.IsNaN(n) {
		return otherwise
	}
	return clamp(n, size)
}

func pad(c *Call, text string, start bool) Value {
	n, ok := c.Arg(0).(float64)
	fill := " "
	if given, ok := c.Text(1); ok {
		fill = given
	}
	if !ok || n > maxString || fill == "" {
		return &Unknown{}
	}
	missing := clamp(n, maxString) - len(text)
	if missing <= 0 {
		return text
	}
	padding := strings.Repeat(fill, missing/len(fill)+1)[:missing]
	if start {
		return c.In.text(padding + text)
	}
	return c.In.text(text + padding)
}

func split(c *Call, text string) Value {
	if c.Arg(0) == nil {
		return c.In.Array([]Value{text})
	}
	if separator, ok := c.Text(0); ok {
		parts := strings.SplitN(text, separator, maxItems)
		if n, ok := c.Arg(1).(float64); ok && n >= 0 {
			parts = parts[:min(len(parts), clamp(n, maxItems))]
		}
		return c.In.Strings(parts)
	}
	return withRegex(c.Arg(0), func(r *regex) Value { return c.In.Strings(r.compiled.Split(text, maxItems)) })
}

func match(c *Call, text string) Value {
	return withRegex(c.Arg(0), func(r *regex) Value {
		if strings.Contains(r.flags, "g") {
			found := r.compiled.FindAllString(text, maxItems)
			if found == nil {
				return Null{}
			}
			return c.In.Strings(found)
		}
		return matchArray(c.In, r, text)
	})
}

func matchArray(in *Interpreter, r *regex, text string) Value {
	found := r.compiled.FindStringSubmatchIndex(text)
	if found == nil {
		return Null{}
	}
	var groups []Value
	for i := 0; i+1 < len(found); i += 2 {
		if found[i] < 0 {
			groups = append(groups, nil)
			continue
		}
		groups = append(groups, text[found[i]:found[i+1]])
	}
	array := in.Array(groups)
	array.Set("index", float64(found[0]))
	named := in.Object()
	for i, name := range r.compiled.SubexpNames() {
		if name != "" && i < len(groups) {
			named.Set(name, groups[i])
		}
	}
	array.Set("groups", named)
	return array
}

// replacement is what a match is replaced with.
func replacement(c *Call, groups []string) (string, bool) {
	if IsCallable(c.Arg(1)) {
		args := make([]Value, len(groups))
		for i, group := range groups {
			args[i] = group
		}
		return ToString(c.In.Call(c.Arg(1), nil, args))
	}
	text, known := ToString(c.Arg(1))
	if !known || !strings.Contains(text, "$") {
		return text, known
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '$' && i+1 < len(text) {
			switch next := text[i+1]; {
			case next == '&':
				out.WriteString(groups[0])
				i++
				continue
			case next == '$':
				out.WriteByte('$')
				i++
				continue
			case next >= '1' && next <= '9' && int(next-'0') < len(groups):
				out.WriteString(groups[next-'0'])
				i++
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String(), true
}

func replace(c *Call, text string, all bool) Value {
	if old, ok := c.Text(0); ok {
		with, known := replacement(c, []string{old})
		if !known {
			return &Unknown{Name: "replace"}
		}
		n := 1
		if all {
			n = -1
			if strings.Count(text, old)*len(with) > maxString {
				return &Unknown{Name: "a long string"}
			}
		}
		return c.In.text(strings.Replace(text, old, with, n))
	}
	return withRegex(c.Arg(0), func(r *regex) Value {
		limit := 1
		if strings.Contains(r.flags, "g") {
			limit = maxItems
		}
		var out strings.Builder
		at := 0
		for _, found := range r.compiled.FindAllStringSubmatchIndex(text, limit) {
			var groups []string
			for i := 0; i+1 < len(found); i += 2 {
				if found[i] < 0 {
					groups = append(groups, "")
				} else {
					groups = append(groups, text[found[i]:found[i+1]])
				}
			}
			with, known := replacement(c, groups)
			if !known || out.Len()+len(with) > maxString || !c.In.step() {
				return &Unknown{Name: "replace"}
			}
			out.WriteString(text[at:found[0]])
			out.WriteString(with)
			at = found[1]
		}
		out.WriteString(text[at:])
		return c.In.text(out.String())
	})
}
