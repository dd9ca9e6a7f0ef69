package python

import (
	"math"
	"math/bits"
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

func (in *Interpreter) number(op string, left, right Value) Value {
	l, lok := AsInt(left)
	r, rok := AsInt(right)
	if lok && rok {
		return integers(op, l, r)
	}
	if lok {
		switch r := right.(type) {
		case Str:
			if op == "*" {
				return in.repeat(string(r), l)
			}
		case *List:
			if op == "*" {
				return in.listOperator(op, r, left)
			}
		case *Tuple:
			if op == "*" {
				return in.tupleOperator(op, r, left)
			}
		}
	}
	x, xok := asFloat(left)
	y, yok := asFloat(right)
	if !xok || !yok {
		return Unknown{}
	}
	return floats(op, x, y)
}

func asFloat(value Value) (float64, bool) {
	if f, ok := value.(Float); ok {
		return float64(f), true
	}
	i, ok := AsInt(value)
	return float64(i), ok
}

func integers(op string, l, r int64) Value {
	const half = math.MaxInt32
	small := l < half && l > -half && r < half && r > -half
	switch op {
	case "+":
		if sum := l + r; (sum > l) == (r > 0) {
			return Int(sum)
		}
	case "-":
		if difference := l - r; (difference < l) == (r > 0) {
			return Int(difference)
		}
	case "*":
		if result, ok := product(l, r); ok {
			return Int(result)
		}
	case "/":
		if r != 0 {
			return Float(float64(l) / float64(r))
		}
	case "//", "%":
		return floored(op, l, r)
	case "**":
		return power(l, r)
	case "|":
		return Int(l | r)
	case "&":
		return Int(l & r)
	case "^":
		return Int(l ^ r)
	case "<<":
		if small && r >= 0 && r < 32 {
			return Int(l << r)
		}
	case ">>":
		if r >= 0 && r < 64 {
			return Int(l >> r)
		}
	}
	return Unknown{}
}

func floored(op string, l, r int64) Value {
	if r == 0 || r == -1 && l == math.MinInt64 {
		return Unknown{}
	}
	quotient, rest := l/r, l%r
	if rest != 0 && (rest < 0) != (r < 0) {
		quotient--
		rest += r
	}
	if op == "%" {
		return Int(rest)
	}
	return Int(quotient)
}

// product is l * r, and whether it fits.
func product(l, r int64) (int64, bool) {
	high, low := bits.Mul64(magnitude(l), magnitude(r))
	if high != 0 || low > math.MaxInt64 {
		return 0, false
	}
	return l * r, true
}

func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

func power(base, exponent int64) Value {
	if exponent < 0 {
		return floats("**", float64(base), float64(exponent))
	}
	if base == -1 {
		return Int(1 - 2*(exponent%2))
	}
	result := int64(1)
	for range exponent {
		next, ok := product(result, base)
		if !ok {
			return Unknown{}
		}
		if next == result {
			break
		}
		result = next
	}
	return Int(result)
}

func floats(op string, x, y float64) Value {
	switch op {
	case "+":
		return Float(x + y)
	case "-":
		return Float(x - y)
	case "*":
		return Float(x * y)
	case "/":
		if y != 0 {
			return Float(x / y)
		}
	case "//":
		if y != 0 {
			return Float(math.Floor(x / y))
		}
	case "**":
		return Float(math.Pow(x, y))
	}
	return Unknown{}
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

func (in *Interpreter) comparison(n *syntax.Node, s *scope) Value {
	var left Value
	operator := ""
	sure := true
	for _, child := range n.Children {
		switch {
		case child.Field == "operators":
			operator = child.Kind
		case !child.Named || child.Kind == "comment":
		case left == nil:
			left = in.eval(child, s)
		default:
			right := in.eval(child, s)
			if in.pending != nil {
				return Unknown{}
			}
			truth, known := in.compare(operator, left, right)
			if known && !truth {
				return Bool(false)
			}
			sure = sure && known
			left = right
		}
	}
	if !sure {
		return Unknown{}
	}
	return Bool(true)
}

func (in *Interpreter) compare(operator string, left, right Value) (truth, known bool) {
	switch operator {
	case "==":
		return in.Equal(left, right)
	case "!=", "<>":
		truth, known = in.Equal(left, right)
		return !truth, known
	case "is":
		return identical(left, right)
	case "is not":
		truth, known = identical(left, right)
		return !truth, known
	case "in":
		return in.contains(right, left)
	case "not in":
		truth, known = in.contains(right, left)
		return !truth, known
	}
	order, known := in.order(left, right, 0)
	switch operator {
	case "<":
		return order < 0, known
	case "<=":
		return order <= 0, known
	case ">":
		return order > 0, known
	case ">=":
		return order >= 0, known
	}
	return false, false
}

func identical(left, right Value) (truth, known bool) {
	for _, side := range []Value{left, right} {
		switch v := side.(type) {
		case Unknown:
			return false, false
		case *External:
			if v.Call != nil {
				return false, false
			}
		}
	}
	l, lok := left.(*External)
	r, rok := right.(*External)
	if lok && rok {
		return l.Path == r.Path, l.Path == r.Path
	}
	return left == right, true
}

// order compares as < does; deeply nested values are not known.
func (in *Interpreter) order(left, right Value, depth int) (order int, known bool) {
	if depth > maxNesting || !in.step(nil, nil) {
		return 0, false
	}
	left, right = plain(left), plain(right)
	if l, ok := left.(Str); ok {
		if r, ok := right.(Str); ok {
			return strings.Compare(string(l), string(r)), true
		}
		return 0, false
	}
	if x, ok := asFloat(left); ok {
		y, ok := asFloat(right)
		switch {
		case !ok:
			return 0, false
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	}
	l, lok := sequence(left)
	r, rok := sequence(right)
	if !lok || !rok {
		return 0, false
	}
	for i := range min(len(l), len(r)) {
		if order, known := in.order(l[i], r[i], depth+1); !known || order != 0 {
			return order, known
		}
	}
	return len(l) - len(r), true
}

// sequence returns the items of a list or tuple that is wholly known.
func sequence(value Value) ([]Value, bool) {
	switch v := value.(type) {
	case *List:
		return v.Items, !v.Open
	case *Tuple:
		return v.Items, !v.Open
	}
	return nil, false
}

// plain returns the str, int, list or dict that an instance of a class derived from such a type is, and other values as they are.
func plain(value Value) Value {
	if instance, ok := value.(*Instance); ok && instance.data != nil {
		return instance.data
	}
	return value
}
