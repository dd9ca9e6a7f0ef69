package python

import (
	"math"
	"math/bits"
)

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
