package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

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
