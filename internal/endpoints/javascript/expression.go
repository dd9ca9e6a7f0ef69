package javascript

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

type evaluator func(*Interpreter, *frame, *scope, *syntax.Node) Value

// evaluators has what evaluates each kind of node. It is filled in init, for they use it themselves.
var evaluators map[string]evaluator

func init() {
	function := func(in *Interpreter, f *frame, sc *scope, n *syntax.Node) Value {
		return in.functionExpression(f, sc, n)
	}
	inner := func(in *Interpreter, f *frame, sc *scope, n *syntax.Node) Value { return in.inner(f, sc, n) }
	class := func(in *Interpreter, f *frame, sc *scope, n *syntax.Node) Value { return in.class(f, sc, n) }
	evaluators = map[string]evaluator{
		"identifier":                      func(in *Interpreter, _ *frame, sc *scope, n *syntax.Node) Value { return in.name(sc, n.Text) },
		"shorthand_property_identifier":   func(in *Interpreter, _ *frame, sc *scope, n *syntax.Node) Value { return in.name(sc, n.Text) },
		"undefined":                       func(*Interpreter, *frame, *scope, *syntax.Node) Value { return nil },
		"null":                            func(*Interpreter, *frame, *scope, *syntax.Node) Value { return Null{} },
		"true":                            func(*Interpreter, *frame, *scope, *syntax.Node) Value { return true },
		"false":                           func(*Interpreter, *frame, *scope, *syntax.Node) Value { return false },
		"this":                            func(_ *Interpreter, f *frame, _ *scope, _ *syntax.Node) Value { return f.this },
		"number":                          func(_ *Interpreter, _ *frame, _ *scope, n *syntax.Node) Value { return number(n.Text) },
		"string":                          func(in *Interpreter, _ *frame, _ *scope, n *syntax.Node) Value { return in.text(unquote(n)) },
		"template_string":                 (*Interpreter).template,
		"regex":                           (*Interpreter).regexLiteral,
		"object":                          (*Interpreter).object,
		"array":                           (*Interpreter).array,
		"function":                        function,
		"function_expression":             function,
		"arrow_function":                  function,
		"generator_function":              function,
		"class":                           class,
		"call_expression":                 (*Interpreter).callExpression,
		"new_expression":                  (*Interpreter).newExpression,
		"member_expression":               (*Interpreter).member,
		"subscript_expression":            (*Interpreter).member,
		"assignment_expression":           (*Interpreter).assignment,
		"augmented_assignment_expression": (*Interpreter).augmented,
		"binary_expression":               (*Interpreter).binary,
		"unary_expression":                (*Interpreter).unary,
		"update_expression":               (*Interpreter).update,
		"ternary_expression":              (*Interpreter).ternary,
		"await_expression": func(in *Interpreter, f *frame, sc *scope, n *syntax.Node) Value {
			return in.awaited(in.inner(f, sc, n))
		},
		"yield_expression":         (*Interpreter).yield,
		"sequence_expression":      (*Interpreter).sequence,
		"parenthesized_expression": inner,
		"as_expression":            inner,
		"satisfies_expression":     inner,
		"non_null_expression":      inner,
		"instantiation_expression": inner,
		"expression_statement":     inner,
		"type_assertion":           (*Interpreter).last,
	}
}

// eval evaluates an expression. What is not known, or not understood, is Unknown.
func (in *Interpreter) eval(f *frame, sc *scope, n *syntax.Node) Value {
	if n == nil {
		return nil
	}
	if !in.step() || in.depth > in.limits.Depth {
		return &Unknown{}
	}
	evaluate := evaluators[n.Kind]
	if evaluate == nil {
		return &Unknown{Name: n.Kind}
	}
	in.depth++
	v := evaluate(in, f, sc, n)
	in.depth--
	return v
}

// inner evaluates the expression that a node wraps, such as one in parentheses.
func (in *Interpreter) inner(f *frame, sc *scope, n *syntax.Node) Value {
	for _, child := range n.Children {
		if child.Named && child.Kind != "comment" {
			return in.eval(f, sc, child)
		}
	}
	return nil
}

func (in *Interpreter) last(f *frame, sc *scope, n *syntax.Node) Value {
	children := n.NamedChildren()
	if len(children) == 0 {
		return nil
	}
	return in.eval(f, sc, children[len(children)-1])
}

func (in *Interpreter) sequence(f *frame, sc *scope, n *syntax.Node) Value {
	var v Value
	for _, child := range n.NamedChildren() {
		if child.Kind != "comment" {
			v = in.eval(f, sc, child)
		}
	}
	return v
}

func (in *Interpreter) name(sc *scope, name string) Value {
	if b := sc.find(name); b != nil {
		return b.read()
	}
	if property := in.globals.Own(name); property != nil {
		return in.read(in.globals, property)
	}
	return &Unknown{Name: name}
}

func number(text string) Value {
	text = strings.TrimSuffix(strings.ReplaceAll(text, "_", ""), "n")
	if len(text) > 1 && text[0] == '0' && isDigits(text) {
		if n, err := strconv.ParseUint(text, 8, 64); err == nil {
			return float64(n)
		}
	}
	return parseNumber(text)
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}

// unquote is the value of a string literal.
func unquote(n *syntax.Node) string {
	text := n.Text
	if len(text) < 2 {
		return ""
	}
	return unescape(text[1 : len(text)-1])
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out.WriteByte(text[i])
			continue
		}
		i++
		switch text[i] {
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		case 'r':
			out.WriteByte('\r')
		case 'b':
			out.WriteByte('\b')
		case 'f':
			out.WriteByte('\f')
		case 'v':
			out.WriteByte('\v')
		case '0':
			out.WriteByte(0)
		case '\n':
		case 'x', 'u':
			i += escapedRune(&out, text[i:])
		default:
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// escapedRune writes the character of x41, u0041 or u{41} and returns how many bytes it has after the first.
func escapedRune(out *strings.Builder, text string) int {
	digits, used := "", 0
	switch {
	case text[0] == 'x' && len(text) >= 3:
		digits, used = text[1:3], 2
	case strings.HasPrefix(text, "u{") && strings.Contains(text, "}"):
		used = strings.Index(text, "}")
		digits = text[2:used]
	case text[0] == 'u' && len(text) >= 5:
		digits, used = text[1:5], 4
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || n > utf8.MaxRune {
		out.WriteByte(text[0])
		return 0
	}
	out.WriteRune(rune(n))
	return used
}

func (in *Interpreter) template(f *frame, sc *scope, n *syntax.Node) Value {
	var out strings.Builder
	known := true
	name := ""
	at := n.Start + 1
	for _, child := range n.Children {
		if child.Kind != "template_substitution" {
			continue
		}
		if child.Start > at {
			out.WriteString(unescape(n.Text[at-n.Start : child.Start-n.Start]))
		}
		at = child.End
		v := in.inner(f, sc, child)
		text, ok := ToString(v)
		if u, unknown := v.(*Unknown); unknown && name == "" {
			name = u.Name
		}
		known = known && ok
		if out.Len()+len(text) > maxString {
			return &Unknown{Name: "a long string"}
		}
		out.WriteString(text)
	}
	if end := n.End - 1; end > at {
		out.WriteString(unescape(n.Text[at-n.Start : end-n.Start]))
	}
	if !known {
		return &Unknown{Name: name}
	}
	return in.text(out.String())
}

func (in *Interpreter) object(f *frame, sc *scope, n *syntax.Node) Value {
	o := in.Object()
	for _, child := range n.Children {
		switch child.Kind {
		case "pair":
			key, known := in.key(f, sc, child.Child("key"))
			v := in.named(in.eval(f, sc, child.Child("value")), child.Child("key"))
			if !known {
				o.Open = true
				continue
			}
			o.Set(key, v)
		case "shorthand_property_identifier":
			o.Set(child.Text, in.name(sc, child.Text))
		case "method_definition":
			in.method(f, sc, child, o)
		case "spread_element":
			in.spreadInto(o, in.inner(f, sc, child))
		}
	}
	in.take(64 * len(o.keys))
	return o
}

// spreadInto copies the properties of a value, as Object.assign and spreads do.
func (in *Interpreter) spreadInto(o *Object, v Value) {
	switch v := v.(type) {
	case *Unknown:
		o.Open = true
	case *Object:
		o.Open = o.Open || v.Open
		for _, key := range in.keys(v) {
			in.Put(o, key, in.Get(v, key))
		}
	}
}

func (in *Interpreter) array(f *frame, sc *scope, n *syntax.Node) Value {
	items, open := in.list(f, sc, n)
	a := in.Array(items)
	a.Open = open
	return a
}

// list evaluates the elements of an array or of arguments; open when an unknown number of them is not known.
func (in *Interpreter) list(f *frame, sc *scope, n *syntax.Node) (items []Value, open bool) {
	hole := n.Kind == "array"
	for _, child := range n.Children {
		if child.Kind == "comment" {
			continue
		}
		if !child.Named {
			if child.Kind == "," && hole && n.Kind == "array" {
				items = append(items, nil)
			}
			hole = child.Kind == "," || child.Kind == "["
			continue
		}
		hole = false
		if child.Kind != "spread_element" {
			items = append(items, in.eval(f, sc, child))
			continue
		}
		spread, known := in.iterate(in.inner(f, sc, child))
		if len(items)+len(spread) > maxItems {
			known, spread = false, nil
		}
		open = open || !known
		items = append(items, spread...)
	}
	return items, open
}

func (in *Interpreter) member(f *frame, sc *scope, n *syntax.Node) Value {
	_, v := in.reference(f, sc, n)
	return v
}

// reference evaluates a property and the object that it belongs to.
func (in *Interpreter) reference(f *frame, sc *scope, n *syntax.Node) (base, v Value) {
	object := n.Child("object")
	if object.Is("super") {
		if f.home == nil || f.home.Proto == nil {
			return f.this, &Unknown{Name: "super"}
		}
		if property := f.home.Proto.Lookup(textOf(n.Child("property"))); property != nil {
			return f.this, in.readFor(f.this, property)
		}
		return f.this, nil
	}
	if object.Is("import") {
		return nil, in.importMeta(f)
	}
	base = in.eval(f, sc, object)
	if n.Child("optional_chain") != nil && nullish(base) {
		return nil, nil
	}
	if n.Kind == "subscript_expression" {
		key, known := in.propertyKey(in.eval(f, sc, n.Child("index")))
		if !known {
			return base, &Unknown{}
		}
		return base, in.Get(base, key)
	}
	return base, in.Get(base, textOf(n.Child("property")))
}

func (in *Interpreter) assignment(f *frame, sc *scope, n *syntax.Node) Value {
	left, right := n.Child("left"), n.Child("right")
	if left == nil {
		return nil
	}
	v := in.eval(f, sc, right)
	if left.Kind == "identifier" {
		v = in.named(v, left)
	}
	in.assign(f, sc, left, v)
	return v
}

func (in *Interpreter) augmented(f *frame, sc *scope, n *syntax.Node) Value {
	left, operator := n.Child("left"), n.Child("operator")
	if left == nil || operator == nil {
		return nil
	}
	before := in.eval(f, sc, left)
	op := strings.TrimSuffix(operator.Text, "=")
	var v Value
	switch op {
	case "&&", "||", "??":
		v = in.logical(op, before, func() Value { return in.eval(f, sc, n.Child("right")) })
	default:
		v = in.operate(op, before, in.eval(f, sc, n.Child("right")))
	}
	in.assign(f, sc, left, v)
	return v
}

func (in *Interpreter) ternary(f *frame, sc *scope, n *syntax.Node) Value {
	truth, known := Truth(in.eval(f, sc, n.Child("condition")))
	if known && truth {
		return in.eval(f, sc, n.Child("consequence"))
	}
	if known {
		return in.eval(f, sc, n.Child("alternative"))
	}
	in.uncertain++
	defer func() { in.uncertain-- }()
	yes, no := in.eval(f, sc, n.Child("consequence")), in.eval(f, sc, n.Child("alternative"))
	if IsUnknown(yes) || nullish(yes) {
		return no
	}
	return yes
}

func (in *Interpreter) yield(f *frame, sc *scope, n *syntax.Node) Value {
	v := in.inner(f, sc, n)
	if f.yields == nil {
		return in.awaited(v)
	}
	if n.ChildOfKind("*") != nil {
		items, known := in.iterate(v)
		f.yields.Open = f.yields.Open || !known
		for _, item := range items {
			in.push(f.yields, item)
		}
		return nil
	}
	in.push(f.yields, v)
	return in.awaited(v)
}

// push appends to an array, within its bounds.
func (in *Interpreter) push(array *Object, v Value) {
	if len(array.Items) >= maxItems {
		return
	}
	in.take(16)
	array.Items = append(array.Items, v)
}

func textOf(n *syntax.Node) string {
	if n == nil {
		return ""
	}
	return n.Text
}
