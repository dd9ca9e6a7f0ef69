package python

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// spec is a format specification: [[fill]align][sign][0][width][,][.precision][type].
type spec struct {
	fill             string
	align            byte
	sign             byte
	zero, comma, alt bool
	width, precision int
	verb             byte
}

func parseSpec(text string) (s spec, ok bool) {
	s = spec{fill: " ", precision: -1}
	if r, size := utf8.DecodeRuneInString(text); size > 0 && len(text) > size && strings.IndexByte("<>^=", text[size]) >= 0 {
		s.fill, s.align = string(r), text[size]
		text = text[size+1:]
	} else if text != "" && strings.IndexByte("<>^=", text[0]) >= 0 {
		s.align, text = text[0], text[1:]
	}
	take := func(chars string) byte {
		if text != "" && strings.IndexByte(chars, text[0]) >= 0 {
			c := text[0]
			text = text[1:]
			return c
		}
		return 0
	}
	s.sign = take("+- ")
	s.alt = take("#") != 0
	s.zero = take("0") != 0
	s.width, text = leadingNumber(text)
	s.comma = take(",_") != 0
	if take(".") != 0 {
		s.precision, text = leadingNumber(text)
	}
	s.verb = take("sdxXobcfFeEgG%n")
	const widest = 1 << 12
	return s, text == "" && s.width < widest && s.precision < 64
}

func leadingNumber(text string) (int, string) {
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	number, err := strconv.Atoi(text[:end])
	if err != nil && end > 0 {
		number = 1 << 30
	}
	return number, text[end:]
}

// pad formats a str, int or float as a specification says.
func (in *Interpreter) pad(value Value, text string) (string, bool) {
	s, ok := parseSpec(text)
	if !ok {
		return "", false
	}
	var body string
	number := true
	switch v := plain(value).(type) {
	case Str:
		number = false
		body = string(v)
		if runes := []rune(body); s.precision >= 0 && len(runes) > s.precision {
			body = string(runes[:s.precision])
		}
	case Int, Bool:
		i, _ := AsInt(v)
		if body, ok = s.integer(i); !ok {
			return "", false
		}
	case Float:
		if body, ok = s.float(float64(v)); !ok {
			return "", false
		}
	default:
		return "", false
	}
	return s.fit(body, number), true
}

func (s spec) integer(i int64) (string, bool) {
	switch s.verb {
	case 0, 'd', 'n':
		return s.signed(grouped(strconv.FormatInt(i, 10), s.comma), i < 0), true
	case 'x':
		return strconv.FormatInt(i, 16), !s.alt
	case 'X':
		return strings.ToUpper(strconv.FormatInt(i, 16)), !s.alt
	case 'o':
		return strconv.FormatInt(i, 8), !s.alt
	case 'b':
		return strconv.FormatInt(i, 2), !s.alt
	case 'f', 'F', 'e', 'E', 'g', 'G', '%':
		return s.float(float64(i))
	}
	return "", false
}

func (s spec) float(f float64) (string, bool) {
	precision := s.precision
	if precision < 0 {
		precision = 6
	}
	switch s.verb {
	case 'f', 'F':
		return s.signed(grouped(strconv.FormatFloat(f, 'f', precision, 64), s.comma), f < 0), true
	case '%':
		return s.signed(strconv.FormatFloat(f*100, 'f', precision, 64)+"%", f < 0), true
	case 0:
		if s.precision < 0 {
			return s.signed(floatText(f), f < 0), true
		}
	}
	return "", false
}

func (s spec) signed(text string, negative bool) string {
	if !negative && (s.sign == '+' || s.sign == ' ') {
		return string(s.sign) + text
	}
	return text
}

func grouped(digits string, comma bool) string {
	if !comma {
		return digits
	}
	whole, rest, fraction := strings.Cut(digits, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction {
		return sign + whole + "." + rest
	}
	return sign + whole
}

func (s spec) fit(body string, number bool) string {
	missing := s.width - utf8.RuneCountInString(body)
	if missing <= 0 {
		return body
	}
	align, fill := s.align, s.fill
	if s.zero && align == 0 {
		align, fill = '=', "0"
	}
	if align == 0 {
		align = '<'
		if number {
			align = '>'
		}
	}
	switch align {
	case '<':
		return body + strings.Repeat(fill, missing)
	case '^':
		return strings.Repeat(fill, missing/2) + body + strings.Repeat(fill, missing-missing/2)
	case '=':
		if body != "" && (body[0] == '-' || body[0] == '+') {
			return body[:1] + strings.Repeat(fill, missing) + body[1:]
		}
	}
	return strings.Repeat(fill, missing) + body
}

// percent is text % value.
func (in *Interpreter) percent(text string, value Value) Value {
	args := []Value{value}
	if tuple, ok := value.(*Tuple); ok {
		if tuple.Open {
			return Unknown{}
		}
		args = tuple.Items
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if out.Len() > in.limits.String {
			return Unknown{}
		}
		if text[i] != '%' {
			out.WriteByte(text[i])
			continue
		}
		i++
		var arg Value
		if i < len(text) && text[i] == '(' {
			end := strings.IndexByte(text[i:], ')')
			dict, ok := in.dictOf(value)
			if end < 0 || !ok {
				return Unknown{}
			}
			if arg, ok = dict.GetStr(text[i+1 : i+end]); !ok {
				return Unknown{}
			}
			i += end + 1
		}
		from := i
		for i < len(text) && strings.IndexByte("-+ #0123456789.", text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return Unknown{}
		}
		if text[i] == '%' {
			out.WriteByte('%')
			continue
		}
		if arg == nil {
			if len(args) == 0 {
				return Unknown{}
			}
			arg, args = args[0], args[1:]
		}
		part, ok := in.verb(arg, text[from:i], text[i])
		if !ok {
			return Unknown{}
		}
		out.WriteString(part)
	}
	return in.text(out.String())
}

func (in *Interpreter) verb(value Value, flags string, verb byte) (text string, ok bool) {
	switch verb {
	case 's':
		text, ok = in.String(value)
	case 'r', 'a':
		text, ok = in.repr(value)
	case 'd', 'i', 'x', 'X', 'o', 'f', 'F':
		if verb == 'i' {
			verb = 'd'
		}
		if f, isFloat := value.(Float); isFloat && verb == 'd' {
			value = Int(f)
		}
		return in.pad(value, strings.Replace(flags, "-", "<", 1)+string(verb))
	default:
		return "", false
	}
	if !ok || flags == "" {
		return text, ok
	}
	if strings.HasPrefix(flags, "-") {
		return in.pad(Str(text), "<"+flags[1:])
	}
	return in.pad(Str(text), ">"+flags)
}

// format is text.format(...).
func (in *Interpreter) format(text string, call *Call) Value {
	var out strings.Builder
	next := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if out.Len() > in.limits.String {
			return Unknown{}
		}
		if c != '{' && c != '}' {
			out.WriteByte(c)
			continue
		}
		if i+1 < len(text) && text[i+1] == c {
			out.WriteByte(c)
			i++
			continue
		}
		end := fieldEnd(text, i)
		if c == '}' || end < 0 {
			return Unknown{}
		}
		part, ok := in.replacement(text[i+1:end], call, &next)
		if !ok {
			return Unknown{}
		}
		out.WriteString(part)
		i = end
	}
	return in.text(out.String())
}

// fieldEnd finds the brace that closes the one at from.
func fieldEnd(text string, from int) int {
	depth := 0
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// replacement is what stands for a field: [name][.attr|[key]]*[!conversion][:spec].
func (in *Interpreter) replacement(field string, call *Call, next *int) (string, bool) {
	field, specification, _ := strings.Cut(field, ":")
	field, conversion, _ := strings.Cut(field, "!")
	const longest = 64
	if len(specification) > longest {
		return "", false
	}
	if strings.Contains(specification, "{") {
		nested, ok := in.format(specification, call).(Str)
		if !ok || strings.Contains(string(nested), "{") {
			return "", false
		}
		specification = string(nested)
	}
	end := strings.IndexAny(field, ".[")
	if end < 0 {
		end = len(field)
	}
	name, path := field[:end], field[end:]
	var value Value
	if name == "" {
		value = call.Arg(*next, "")
		*next++
	} else if position, err := strconv.Atoi(name); err == nil {
		value = call.Arg(position, "")
	} else {
		value = keyword(call, name)
	}
	for path != "" && value != nil {
		value, path = in.follow(value, path)
	}
	if value == nil {
		return "", false
	}
	return in.formatted(value, conversion, specification)
}

// follow takes one attribute or item off the path of a field.
func (in *Interpreter) follow(value Value, path string) (Value, string) {
	if path[0] == '[' {
		end := strings.IndexByte(path, ']')
		if end < 0 {
			return nil, ""
		}
		var key Value = Str(path[1:end])
		if number, err := strconv.ParseInt(path[1:end], 10, 32); err == nil {
			key = Int(number)
		}
		return in.Item(value, key), path[end+1:]
	}
	path = strings.TrimPrefix(path, ".")
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	if end == 0 {
		return nil, ""
	}
	return in.Attr(value, path[:end]), path[end:]
}
