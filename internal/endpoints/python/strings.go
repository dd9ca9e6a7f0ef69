package python

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// concatenated joins literals that follow each other.
func (in *Interpreter) concatenated(n *syntax.Node, s *scope) Value {
	var out strings.Builder
	for _, child := range n.Children {
		if child.Kind != "string" {
			continue
		}
		switch part := in.eval(child, s).(type) {
		case Str:
			if out.Len()+len(part) > in.limits.String {
				return Unknown{}
			}
			out.WriteString(string(part))
		case Bytes:
			return part
		default:
			return Unknown{}
		}
	}
	return in.text(out.String())
}

// stringLiteral evaluates a literal of any kind.
func (in *Interpreter) stringLiteral(n *syntax.Node, s *scope) Value {
	if len(n.Children) < 2 {
		return Unknown{}
	}
	start, end := n.Children[0], n.Children[len(n.Children)-1]
	prefix := strings.ToLower(strings.TrimRight(start.Text, `"'`))
	raw, formatted := strings.Contains(prefix, "r"), strings.ContainsAny(prefix, "ft")
	if strings.Contains(prefix, "b") {
		return Bytes(literalText(n, start, end, raw))
	}
	if !formatted {
		return Str(literalText(n, start, end, raw))
	}
	var out strings.Builder
	at := start.End
	for _, child := range n.Children[1:] {
		if child.Kind != "interpolation" && child != end {
			continue
		}
		if child.Start > at {
			out.WriteString(formatText(n.Text[at-n.Start:child.Start-n.Start], raw))
		}
		at = child.End
		if child == end {
			break
		}
		part, ok := in.interpolation(child, s)
		if !ok || out.Len()+len(part) > in.limits.String {
			return Unknown{}
		}
		out.WriteString(part)
	}
	return in.text(out.String())
}

func literalText(n, start, end *syntax.Node, raw bool) string {
	from, to := start.End-n.Start, end.Start-n.Start
	if end.Kind != "string_end" {
		to = len(n.Text)
	}
	if from > to || to > len(n.Text) {
		return ""
	}
	text := n.Text[from:to]
	if raw {
		return text
	}
	return unescape(text)
}

// formatText is text between the braces of an f-string.
func formatText(text string, raw bool) string {
	if !raw {
		text = unescape(text)
	}
	if strings.Contains(text, "{{") {
		text = strings.ReplaceAll(text, "{{", "{")
	}
	if strings.Contains(text, "}}") {
		text = strings.ReplaceAll(text, "}}", "}")
	}
	return text
}

var escapes = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', '\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v',
}

func unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		if plain, ok := escapes[text[i]]; ok {
			out.WriteByte(plain)
			continue
		}
		switch c := text[i]; {
		case c == '\n':
		case c == 'x':
			i += hexEscape(&out, text, i, 2)
		case c == 'u':
			i += hexEscape(&out, text, i, 4)
		case c == 'U':
			i += hexEscape(&out, text, i, 8)
		case c >= '0' && c <= '7':
			end := i
			for end < len(text) && end < i+3 && text[end] >= '0' && text[end] <= '7' {
				end++
			}
			number, _ := strconv.ParseUint(text[i:end], 8, 32)
			out.WriteRune(rune(number))
			i = end - 1
		default:
			out.WriteByte('\\')
			out.WriteByte(c)
		}
	}
	return out.String()
}

// hexEscape writes the character of \x, \u or \U, and returns how many digits it took.
func hexEscape(out *strings.Builder, text string, at, digits int) int {
	if at+digits < len(text) {
		if number, err := strconv.ParseUint(text[at+1:at+1+digits], 16, 32); err == nil && utf8.ValidRune(rune(number)) {
			out.WriteRune(rune(number))
			return digits
		}
	}
	out.WriteByte('\\')
	out.WriteByte(text[at])
	return 0
}

// interpolation is what is between the braces of an f-string.
func (in *Interpreter) interpolation(n *syntax.Node, s *scope) (string, bool) {
	expression := n.Child("expression")
	value := in.eval(expression, s)
	conversion := ""
	if c := n.Child("type_conversion"); c != nil {
		conversion = strings.TrimPrefix(c.Text, "!")
	}
	label := ""
	if n.ChildOfKind("=") != nil && expression != nil {
		label = expression.Text + "="
		if conversion == "" && n.Child("format_specifier") == nil {
			conversion = "r"
		}
	}
	spec := ""
	if f := n.Child("format_specifier"); f != nil {
		text, ok := in.specifier(f, s)
		if !ok {
			return "", false
		}
		spec = text
	}
	text, ok := in.formatted(value, conversion, spec)
	return label + text, ok
}

func (in *Interpreter) specifier(n *syntax.Node, s *scope) (string, bool) {
	var out strings.Builder
	at := n.Start + 1
	for _, child := range n.Children {
		if !child.Is("format_expression", "interpolation") {
			continue
		}
		out.WriteString(n.Text[at-n.Start : child.Start-n.Start])
		text, ok := in.formatted(in.eval(child.Child("expression"), s), "", "")
		if !ok {
			return "", false
		}
		out.WriteString(text)
		at = child.End
	}
	out.WriteString(n.Text[min(at-n.Start, len(n.Text)):])
	return out.String(), true
}

// formatted is what format(value, spec) gives after a conversion, which is r, s, a or nothing.
func (in *Interpreter) formatted(value Value, conversion, spec string) (string, bool) {
	switch conversion {
	case "r", "a":
		text, ok := in.repr(value)
		if !ok {
			return "", false
		}
		value = Str(text)
	case "s":
		text, ok := in.String(value)
		if !ok {
			return "", false
		}
		value = Str(text)
	}
	if spec == "" {
		return in.String(value)
	}
	if instance, ok := value.(*Instance); ok {
		if method, ok := in.special(instance, "__format__"); ok {
			return AsStr(in.call(method, in.newCall([]Value{Str(spec)}, nil)))
		}
	}
	return in.pad(value, spec)
}

// String is what str(value) returns; false when it is not known.
func (in *Interpreter) String(value Value) (string, bool) {
	switch v := value.(type) {
	case Str:
		return string(v), true
	case *Instance:
		return in.instanceText(v)
	}
	return in.repr(value)
}

func (in *Interpreter) instanceText(v *Instance) (string, bool) {
	if method, ok := in.special(v, "__str__"); ok {
		return AsStr(in.call(method, in.newCall(nil, nil)))
	}
	if v.Class.enum {
		return in.enumText(v)
	}
	if text, ok := v.data.(Str); ok {
		return string(text), true
	}
	if v.data != nil {
		return in.repr(v.data)
	}
	if method, ok := in.special(v, "__repr__"); ok {
		return AsStr(in.call(method, in.newCall(nil, nil)))
	}
	return "", false
}

// repr is what repr(value) returns; false when it is not known, or too long.
func (in *Interpreter) repr(value Value) (string, bool) {
	var out strings.Builder
	ok := in.writeRepr(&out, value, 0)
	return out.String(), ok && out.Len() <= in.limits.String && in.spend(out.Len())
}

func (in *Interpreter) writeRepr(out *strings.Builder, value Value, depth int) bool {
	if depth > maxNesting || out.Len() > in.limits.String {
		return false
	}
	switch v := value.(type) {
	case Str:
		out.WriteString(quote(string(v)))
	case Int:
		out.WriteString(strconv.FormatInt(int64(v), 10))
	case Bool:
		if v {
			out.WriteString("True")
		} else {
			out.WriteString("False")
		}
	case Float:
		out.WriteString(floatText(float64(v)))
	case None:
		out.WriteString("None")
	case *List:
		return !v.Open && in.writeItems(out, "[", v.Items, "]", depth)
	case *Tuple:
		if len(v.Items) == 1 {
			return !v.Open && in.writeItems(out, "(", v.Items, ",)", depth)
		}
		return !v.Open && in.writeItems(out, "(", v.Items, ")", depth)
	case *Set:
		if len(v.Items()) == 0 {
			out.WriteString("set()")
			return !v.Open()
		}
		return !v.Open() && in.writeItems(out, "{", v.Items(), "}", depth)
	case *Dict:
		return in.writeDict(out, v, depth)
	case *Class:
		out.WriteString("<class '" + v.Path + "'>")
	case *Instance:
		return in.writeInstance(out, v)
	default:
		return false
	}
	return true
}

func (in *Interpreter) writeInstance(out *strings.Builder, v *Instance) bool {
	method, ok := in.special(v, "__repr__")
	if !ok {
		return false
	}
	text, ok := AsStr(in.call(method, in.newCall(nil, nil)))
	out.WriteString(text)
	return ok
}

func (in *Interpreter) writeItems(out *strings.Builder, before string, items []Value, after string, depth int) bool {
	out.WriteString(before)
	for i, item := range items {
		if i > 0 {
			out.WriteString(", ")
		}
		if !in.writeRepr(out, item, depth+1) {
			return false
		}
	}
	out.WriteString(after)
	return true
}

func (in *Interpreter) writeDict(out *strings.Builder, dict *Dict, depth int) bool {
	out.WriteString("{")
	for i, key := range dict.keys {
		if i > 0 {
			out.WriteString(", ")
		}
		if !in.writeRepr(out, key, depth+1) {
			return false
		}
		out.WriteString(": ")
		if !in.writeRepr(out, dict.values[i], depth+1) {
			return false
		}
	}
	out.WriteString("}")
	return !dict.Open
}

func floatText(f float64) string {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if abs := max(f, -f); abs >= 1e-4 && abs < 1e16 {
		text = strconv.FormatFloat(f, 'f', -1, 64)
	}
	if !strings.ContainsAny(text, ".eIN") {
		text += ".0"
	}
	return text
}

func quote(text string) string {
	mark := byte('\'')
	if strings.Contains(text, "'") && !strings.Contains(text, `"`) {
		mark = '"'
	}
	var out strings.Builder
	out.WriteByte(mark)
	for _, r := range text {
		switch {
		case r == '\n':
			out.WriteString(`\n`)
		case r == '\t':
			out.WriteString(`\t`)
		case r == '\r':
			out.WriteString(`\r`)
		case r == '\\' || r == rune(mark):
			out.WriteByte('\\')
			out.WriteRune(r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte(mark)
	return out.String()
}

// Repr is what repr(value) returns; false when it is not known, or too long.
func (in *Interpreter) Repr(value Value) (string, bool) { return in.repr(value) }
