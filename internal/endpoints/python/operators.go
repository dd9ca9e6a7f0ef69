package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

func (in *Interpreter) binaryOperator(n *syntax.Node, s *scope) Value {
	operator := n.Child("operator")
	left, right := n.Child("left"), n.Child("right")
	if n.Kind == "union_type" {
		if children := n.NamedChildren(); len(children) == 2 {
			return union(in.eval(children[0], s), in.eval(children[1], s))
		}
	}
	if operator == nil {
		return Unknown{}
	}
	first := in.eval(left, s)
	second := in.eval(right, s)
	if in.pending != nil {
		return Unknown{}
	}
	return in.binary(operator.Kind, first, second)
}

var operatorMethods = map[string]string{
	"+": "__add__", "-": "__sub__", "*": "__mul__", "/": "__truediv__", "//": "__floordiv__", "%": "__mod__", "**": "__pow__",
	"|": "__or__", "&": "__and__", "^": "__xor__", "<<": "__lshift__", ">>": "__rshift__", "@": "__matmul__",
}

var reflectedMethods = map[string]string{"+": "__radd__", "/": "__rtruediv__", "|": "__ror__", "%": "__rmod__"}

// binary computes left op right.
func (in *Interpreter) binary(op string, left, right Value) Value {
	if value, ok := in.operatorMethod(op, left, right); ok {
		return value
	}
	left, right = plain(left), plain(right)
	switch l := left.(type) {
	case Str:
		return in.strOperator(op, l, right)
	case Int, Bool, Float:
		return in.number(op, left, right)
	case *List:
		return in.listOperator(op, l, right)
	case *Tuple:
		return in.tupleOperator(op, l, right)
	case *Dict:
		if _, ok := right.(*Dict); ok && op == "|" {
			merged := in.copyDict(l)
			in.update(merged, right)
			return merged
		}
	case *Set:
		return in.setOperator(op, l, right)
	case *Class, *External, *Generic, None:
		if op == "|" {
			return union(left, right)
		}
	}
	return Unknown{}
}

func union(left, right Value) Value {
	const most = 64
	var args []Value
	for _, side := range []Value{left, right} {
		if nested, ok := side.(*Generic); ok && isExternal(nested.Origin, "typing.Union") {
			args = append(args, nested.Args...)
			continue
		}
		args = append(args, side)
	}
	return &Generic{Origin: &External{Path: "typing.Union"}, Args: args[:min(len(args), most)]}
}

func isExternal(value Value, path string) bool {
	external, ok := value.(*External)
	return ok && external.Path == path
}

// operatorMethod calls __add__ and so on of instances.
func (in *Interpreter) operatorMethod(op string, left, right Value) (Value, bool) {
	if instance, ok := left.(*Instance); ok {
		if method, ok := in.special(instance, operatorMethods[op]); ok {
			return in.call(method, in.newCall([]Value{right}, nil)), true
		}
	}
	if instance, ok := right.(*Instance); ok && reflectedMethods[op] != "" {
		if method, ok := in.special(instance, reflectedMethods[op]); ok {
			return in.call(method, in.newCall([]Value{left}, nil)), true
		}
	}
	return nil, false
}

// special finds a method of an instance's class, bound.
func (in *Interpreter) special(instance *Instance, name string) (Value, bool) {
	value, owner, ok := instance.Class.Lookup(name)
	if !ok || name == "" || owner.construct != nil {
		return nil, false
	}
	return in.bound(value, instance, instance.Class), true
}

func (in *Interpreter) strOperator(op string, left Str, right Value) Value {
	switch r := right.(type) {
	case Str:
		if op == "+" {
			return in.text(string(left) + string(r))
		}
	case Int, Bool:
		if op == "*" {
			count, _ := AsInt(r)
			return in.repeat(string(left), count)
		}
	}
	if op == "%" {
		return in.percent(string(left), right)
	}
	return Unknown{}
}

func (in *Interpreter) repeat(text string, count int64) Value {
	if count <= 0 || text == "" {
		return Str("")
	}
	if count > int64(in.limits.String/len(text)) {
		return Unknown{}
	}
	return in.text(strings.Repeat(text, int(count)))
}

func (in *Interpreter) listOperator(op string, left *List, right Value) Value {
	switch r := right.(type) {
	case *List:
		if op == "+" {
			items, ok := in.joined(left.Items, r.Items)
			return &List{Items: items, Open: left.Open || r.Open || !ok}
		}
	case Int, Bool:
		if op == "*" {
			items, ok := in.repeated(left.Items, r)
			return &List{Items: items, Open: left.Open || !ok}
		}
	case Unknown, *External:
		if op == "+" {
			return &List{Items: left.Items[:len(left.Items):len(left.Items)], Open: true}
		}
	}
	return Unknown{}
}

func (in *Interpreter) tupleOperator(op string, left *Tuple, right Value) Value {
	switch r := right.(type) {
	case *Tuple:
		if op == "+" {
			items, ok := in.joined(left.Items, r.Items)
			return &Tuple{Items: items, Open: left.Open || r.Open || !ok}
		}
	case Int, Bool:
		if op == "*" {
			items, ok := in.repeated(left.Items, r)
			return &Tuple{Items: items, Open: left.Open || !ok}
		}
	case Unknown, *External:
		if op == "+" {
			return &Tuple{Items: left.Items[:len(left.Items):len(left.Items)], Open: true}
		}
	}
	return Unknown{}
}

func (in *Interpreter) joined(first, second []Value) ([]Value, bool) {
	size := len(first) + len(second)
	if size > in.limits.Items || !in.spend(size*valueSize) {
		return nil, false
	}
	return append(append(make([]Value, 0, size), first...), second...), true
}

func (in *Interpreter) repeated(items []Value, times Value) ([]Value, bool) {
	count, _ := AsInt(times)
	if count <= 0 || len(items) == 0 {
		return nil, true
	}
	if count > int64(in.limits.Items/len(items)) || !in.spend(int(count)*len(items)*valueSize) {
		return nil, false
	}
	all := make([]Value, 0, int(count)*len(items))
	for range count {
		all = append(all, items...)
	}
	return all, true
}

func (in *Interpreter) setOperator(op string, left *Set, right Value) Value {
	other, ok := right.(*Set)
	if !ok {
		return Unknown{}
	}
	result := &Set{}
	result.dict.Open = left.Open() || other.Open()
	for _, item := range left.Items() {
		if op == "|" || (op == "-" || op == "^") != other.Has(item) {
			in.setKey(&result.dict, item, None{})
		}
	}
	if op == "|" || op == "^" {
		for _, item := range other.Items() {
			if op == "|" || !left.Has(item) {
				in.setKey(&result.dict, item, None{})
			}
		}
	}
	return result
}

func (in *Interpreter) unary(n *syntax.Node, s *scope) Value {
	value := in.eval(n.Child("argument"), s)
	operator := n.Child("operator")
	if operator == nil {
		return Unknown{}
	}
	switch v := plain(value).(type) {
	case Float:
		if operator.Kind == "-" {
			return -v
		}
		return v
	case Int, Bool:
		number, _ := AsInt(v)
		switch operator.Kind {
		case "-":
			return Int(-number)
		case "~":
			return Int(^number)
		}
		return Int(number)
	}
	// Q(a=1) of Django and the like: what is inverted is of the same kind.
	return Unknown{}
}
