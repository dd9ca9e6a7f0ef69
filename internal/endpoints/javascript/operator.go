package javascript

import (
	"math"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

func (in *Interpreter) binary(f *frame, sc *scope, n *syntax.Node) Value {
	operator := n.Child("operator")
	if operator == nil {
		return &Unknown{}
	}
	left := in.eval(f, sc, n.Child("left"))
	switch operator.Text {
	case "&&", "||", "??":
		return in.logical(operator.Text, left, func() Value { return in.eval(f, sc, n.Child("right")) })
	}
	return in.operate(operator.Text, left, in.eval(f, sc, n.Child("right")))
}

// logical evaluates the operators that may leave their right side out.
func (in *Interpreter) logical(op string, left Value, right func() Value) Value {
	truth, known := Truth(left)
	if op == "??" {
		truth = nullish(left)
	}
	if known {
		if truth == (op == "||") && op != "??" {
			return left
		}
		if op == "??" && !truth {
			return left
		}
		return right()
	}
	in.uncertain++
	v := right()
	in.uncertain--
	if op == "&&" {
		// What is guarded runs, and has the value it would have.
		return v
	}
	switch v.(type) {
	case nil, Null, bool, *Unknown:
		return left
	}
	// A setting that is not known, with a default.
	return v
}

func (in *Interpreter) operate(op string, a, b Value) Value {
	switch op {
	case "===", "!==", "==", "!=":
		compare := StrictEqual
		if len(op) == 2 {
			compare = looseEqual
		}
		equal, known := compare(a, b)
		if !known {
			return &Unknown{}
		}
		return equal == (op[0] == '=')
	case "+":
		return in.add(a, b)
	case "instanceof":
		return in.instance(a, b)
	case "in":
		key, known := in.propertyKey(a)
		o, ok := b.(*Object)
		if !known || !ok {
			return &Unknown{}
		}
		if in.lookup(o, key) != nil || (o.Class == ClassArray && isIndex(key) && in.Get(o, key) != nil) {
			return true
		}
		if o.Open {
			return &Unknown{}
		}
		return false
	case "<", ">", "<=", ">=":
		return relation(op, a, b)
	}
	x, xKnown := ToNumber(a)
	y, yKnown := ToNumber(b)
	if !xKnown || !yKnown {
		return &Unknown{}
	}
	return arithmetic(op, x, y)
}

func arithmetic(op string, x, y float64) Value {
	switch op {
	case "-":
		return x - y
	case "*":
		return x * y
	case "/":
		return x / y
	case "%":
		return math.Mod(x, y)
	case "**":
		return math.Pow(x, y)
	case "&":
		return float64(toInt32(x) & toInt32(y))
	case "|":
		return float64(toInt32(x) | toInt32(y))
	case "^":
		return float64(toInt32(x) ^ toInt32(y))
	case "<<":
		return float64(toInt32(x) << (uint32(toInt32(y)) & 31))
	case ">>":
		return float64(toInt32(x) >> (uint32(toInt32(y)) & 31))
	case ">>>":
		return float64(uint32(toInt32(x)) >> (uint32(toInt32(y)) & 31))
	}
	return &Unknown{}
}

func toInt32(n float64) int32 {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0
	}
	return int32(uint32(int64(math.Mod(n, 1<<32))))
}

func (in *Interpreter) add(a, b Value) Value {
	_, text := a.(string)
	if !text {
		_, text = b.(string)
	}
	if _, ok := a.(*Object); ok {
		text = true
	}
	if _, ok := b.(*Object); ok {
		text = true
	}
	if !text {
		x, xKnown := ToNumber(a)
		y, yKnown := ToNumber(b)
		if xKnown && yKnown {
			return x + y
		}
		return firstUnknown(a, b)
	}
	x, xKnown := ToString(a)
	y, yKnown := ToString(b)
	if !xKnown || !yKnown {
		return firstUnknown(a, b)
	}
	return in.text(x + y)
}

func firstUnknown(values ...Value) Value {
	for _, v := range values {
		if IsUnknown(v) {
			return v
		}
	}
	return &Unknown{}
}

func relation(op string, a, b Value) Value {
	x, xText := a.(string)
	y, yText := b.(string)
	if xText && yText {
		switch op {
		case "<":
			return x < y
		case ">":
			return x > y
		case "<=":
			return x <= y
		}
		return x >= y
	}
	m, mKnown := ToNumber(a)
	n, nKnown := ToNumber(b)
	if !mKnown || !nKnown {
		return &Unknown{}
	}
	switch op {
	case "<":
		return m < n
	case ">":
		return m > n
	case "<=":
		return m <= n
	}
	return m >= n
}

func (in *Interpreter) instance(a, b Value) Value {
	class, ok := b.(*Object)
	if !ok || IsUnknown(a) {
		return &Unknown{}
	}
	o, ok := a.(*Object)
	if !ok {
		return false
	}
	prototype := class.Own("prototype")
	if prototype == nil {
		return &Unknown{}
	}
	for p, n := o.Proto, 0; p != nil && n < maxChain; p, n = p.Proto, n+1 {
		if p == prototype.Value {
			return true
		}
	}
	return false
}

func (in *Interpreter) unary(f *frame, sc *scope, n *syntax.Node) Value {
	argument, operator := n.Child("argument"), n.Child("operator")
	if operator == nil {
		return &Unknown{}
	}
	if operator.Text == "delete" {
		if argument.Is("member_expression", "subscript_expression") {
			in.deleteProperty(f, sc, argument)
		}
		return true
	}
	if operator.Text == "typeof" && argument.Is("identifier") && sc.find(argument.Text) == nil && in.globals.Own(argument.Text) == nil {
		return "undefined"
	}
	v := in.eval(f, sc, argument)
	switch operator.Text {
	case "!":
		truth, known := Truth(v)
		if !known {
			return &Unknown{}
		}
		return !truth
	case "typeof":
		return typeOf(v)
	case "void":
		return nil
	}
	x, known := ToNumber(v)
	if !known {
		return &Unknown{}
	}
	switch operator.Text {
	case "-":
		return -x
	case "+":
		return x
	case "~":
		return float64(^toInt32(x))
	}
	return &Unknown{}
}

func (in *Interpreter) deleteProperty(f *frame, sc *scope, n *syntax.Node) {
	o, ok := in.eval(f, sc, n.Child("object")).(*Object)
	if !ok || in.uncertain > 0 {
		return
	}
	key := textOf(n.Child("property"))
	if n.Kind == "subscript_expression" {
		var known bool
		if key, known = in.propertyKey(in.eval(f, sc, n.Child("index"))); !known {
			return
		}
	}
	o.remove(key)
}

func typeOf(v Value) Value {
	switch v := unset(v).(type) {
	case nil:
		return "undefined"
	case Null:
		return "object"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case *Object:
		if v.Call != nil {
			return "function"
		}
		return "object"
	}
	return &Unknown{}
}

func (in *Interpreter) update(f *frame, sc *scope, n *syntax.Node) Value {
	argument, operator := n.Child("argument"), n.Child("operator")
	if argument == nil || operator == nil {
		return &Unknown{}
	}
	before := in.eval(f, sc, argument)
	x, known := ToNumber(before)
	if !known {
		in.assign(f, sc, argument, &Unknown{})
		return &Unknown{}
	}
	after := x + 1
	if operator.Text == "--" {
		after = x - 1
	}
	in.assign(f, sc, argument, after)
	if n.Children[0] == operator {
		return after
	}
	return x
}
