package python

import (
	"strconv"
	"strings"
	"unicode"
)

func trimSpace(text string) string { return strings.TrimSpace(text) }

func containsText(text, part string) bool { return strings.Contains(text, part) }

func parseFloat(text string) Value {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return Float(f)
	}
	return Unknown{}
}

// onText makes a method of what it does with the text.
func onText(f func(text string) string) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		if !ok {
			return Unknown{}
		}
		return call.In.text(f(text))
	}
}

// withText makes a method of what it does with the text and one string.
func withText(f func(text, other string) Value) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		other, given := AsStr(call.Arg(0, ""))
		if !ok || !given {
			return Unknown{}
		}
		return f(text, other)
	}
}

// askText makes a method that answers a question about the characters.
func askText(f func(r rune) bool) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		if !ok {
			return Unknown{}
		}
		for _, r := range text {
			if !f(r) {
				return Bool(false)
			}
		}
		return Bool(text != "")
	}
}

var strMethods map[string]NativeFunc

var bytesMethods = map[string]NativeFunc{
	"decode": func(call *Call) Value {
		if text, ok := call.receiver.(Bytes); ok {
			return Str(text)
		}
		return Unknown{}
	},
}

func init() {
	strMethods = map[string]NativeFunc{
		"lower": onText(strings.ToLower), "upper": onText(strings.ToUpper), "casefold": onText(strings.ToLower), "title": onText(title),
		"capitalize": onText(capitalize), "swapcase": onText(swapcase), "expandtabs": vaguely, "translate": vaguely,
		"strip": strip(strings.TrimFunc, strings.Trim), "lstrip": strip(strings.TrimLeftFunc, strings.TrimLeft),
		"rstrip":       strip(strings.TrimRightFunc, strings.TrimRight),
		"removeprefix": withText(func(text, other string) Value { return Str(strings.TrimPrefix(text, other)) }),
		"removesuffix": withText(func(text, other string) Value { return Str(strings.TrimSuffix(text, other)) }),
		"startswith":   affix(strings.HasPrefix), "endswith": affix(strings.HasSuffix),
		"find":  withText(func(text, other string) Value { return Int(strings.Index(text, other)) }),
		"rfind": withText(func(text, other string) Value { return Int(strings.LastIndex(text, other)) }),
		"index": withText(func(text, other string) Value {
			if i := strings.Index(text, other); i >= 0 {
				return Int(i)
			}
			return Unknown{}
		}),
		"count":     withText(func(text, other string) Value { return Int(strings.Count(text, other)) }),
		"partition": partition(strings.Index), "rpartition": partition(strings.LastIndex),
		"split": strSplit, "rsplit": strRSplit, "splitlines": strLines, "join": strJoin, "replace": strReplace,
		"format":     func(call *Call) Value { return formatMethod(call) },
		"format_map": func(call *Call) Value { return formatMap(call) },
		"isdigit":    askText(unicode.IsDigit), "isnumeric": askText(unicode.IsDigit), "isdecimal": askText(unicode.IsDigit),
		"isalpha": askText(unicode.IsLetter), "isspace": askText(unicode.IsSpace),
		"isalnum":      askText(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }),
		"isidentifier": askText(func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }),
		"isupper":      func(call *Call) Value { return cased(call, strings.ToUpper) },
		"islower":      func(call *Call) Value { return cased(call, strings.ToLower) },
		"zfill":        strZfill, "ljust": justify('<'), "rjust": justify('>'), "center": vaguely,
		"encode": func(call *Call) Value {
			text, ok := AsStr(call.receiver)
			if !ok {
				return Unknown{}
			}
			return Bytes(text)
		},
	}
}

func formatMethod(call *Call) Value {
	text, ok := AsStr(call.receiver)
	if !ok {
		return Unknown{}
	}
	return call.In.format(text, call)
}

func formatMap(call *Call) Value {
	text, ok := AsStr(call.receiver)
	if !ok {
		return Unknown{}
	}
	inner := *call
	inner.Positional, inner.Keywords = nil, nil
	call.In.spreadKeywords(arg(call, 0), &inner)
	return call.In.format(text, &inner)
}

func title(text string) string {
	var out strings.Builder
	before := false
	for _, r := range text {
		if before {
			out.WriteRune(unicode.ToLower(r))
		} else {
			out.WriteRune(unicode.ToTitle(r))
		}
		before = unicode.IsLetter(r)
	}
	return out.String()
}

func capitalize(text string) string {
	var out strings.Builder
	for i, r := range text {
		if i == 0 {
			out.WriteRune(unicode.ToTitle(r))
		} else {
			out.WriteRune(unicode.ToLower(r))
		}
	}
	return out.String()
}

func swapcase(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsUpper(r) {
			return unicode.ToLower(r)
		}
		return unicode.ToUpper(r)
	}, text)
}

func cased(call *Call, convert func(string) string) Value {
	text, ok := AsStr(call.receiver)
	if !ok {
		return Unknown{}
	}
	return Bool(convert(text) == text && strings.ToLower(text) != strings.ToUpper(text))
}

func strip(spaces func(string, func(rune) bool) string, chars func(string, string) string) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		if !ok {
			return Unknown{}
		}
		switch given := call.Arg(0, "chars").(type) {
		case nil, None:
			return Str(spaces(text, unicode.IsSpace))
		default:
			set, ok := AsStr(given)
			if !ok {
				return Unknown{}
			}
			return Str(chars(text, set))
		}
	}
}

func affix(has func(text, affix string) bool) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		if !ok || len(call.Positional) != 1 {
			return Unknown{}
		}
		candidates := argsOf(call.Positional[0])
		known := true
		for _, candidate := range candidates {
			part, ok := AsStr(candidate)
			if ok && has(text, part) {
				return Bool(true)
			}
			known = known && ok
		}
		if !known {
			return Unknown{}
		}
		return Bool(false)
	}
}

func partition(find func(text, part string) int) NativeFunc {
	return withText(func(text, other string) Value {
		i := find(text, other)
		if i < 0 {
			return NewTuple(Str(text), Str(""), Str(""))
		}
		return NewTuple(Str(text[:i]), Str(other), Str(text[i+len(other):]))
	})
}

// parts are the arguments of split: the separator, empty for spaces, and how often.
func splitArguments(call *Call) (text, separator string, most int, ok bool) {
	text, ok = AsStr(call.receiver)
	separator, given := call.Str(0, "sep", "")
	most = -1
	if limit := call.Arg(1, "maxsplit"); limit != nil {
		number, isNumber := AsInt(limit)
		ok = ok && isNumber
		most = int(number)
	}
	return text, separator, most, ok && given && call.In.spend(len(text))
}

func strSplit(call *Call) Value {
	text, separator, most, ok := splitArguments(call)
	if !ok {
		return Unknown{}
	}
	if most < 0 {
		most = len(text) + 1
	}
	if separator != "" {
		return call.In.texts(strings.SplitN(text, separator, most+1))
	}
	fields := strings.Fields(text)
	if len(fields) > most {
		return Unknown{}
	}
	return call.In.texts(fields)
}

func strRSplit(call *Call) Value {
	text, separator, most, ok := splitArguments(call)
	if !ok || separator == "" {
		return strSplit(call)
	}
	parts := strings.Split(text, separator)
	if extra := len(parts) - 1 - most; most >= 0 && extra > 0 {
		parts = append([]string{strings.Join(parts[:extra+1], separator)}, parts[extra+1:]...)
	}
	return call.In.texts(parts)
}

func strLines(call *Call) Value {
	text, ok := AsStr(call.receiver)
	if !ok || len(call.Positional)+len(call.Keywords) > 0 {
		return Unknown{}
	}
	if text = strings.ReplaceAll(text, "\r\n", "\n"); text == "" {
		return NewList()
	}
	return call.In.texts(strings.Split(strings.TrimSuffix(text, "\n"), "\n"))
}

// texts makes a list of strings.
func (in *Interpreter) texts(parts []string) Value {
	if len(parts) > in.limits.Items || !in.spend(len(parts)*valueSize) {
		return &List{Open: true}
	}
	list := &List{Items: make([]Value, len(parts))}
	for i, part := range parts {
		list.Items[i] = Str(part)
	}
	return list
}

func strJoin(call *Call) Value {
	separator, ok := AsStr(call.receiver)
	items, complete := call.In.Iterate(call.Arg(0, ""))
	if !ok || !complete {
		return Unknown{}
	}
	var out strings.Builder
	for i, item := range items {
		if i > 0 {
			out.WriteString(separator)
		}
		text, ok := AsStr(item)
		if !ok || out.Len() > call.In.limits.String {
			return Unknown{}
		}
		out.WriteString(text)
	}
	return call.In.text(out.String())
}

func strReplace(call *Call) Value {
	text, ok := AsStr(call.receiver)
	from, fromKnown := AsStr(call.Arg(0, ""))
	to, toKnown := AsStr(call.Arg(1, ""))
	if !ok || !fromKnown || !toKnown {
		return Unknown{}
	}
	times := -1
	if count := call.Arg(2, "count"); count != nil {
		number, ok := AsInt(count)
		if !ok {
			return Unknown{}
		}
		times = int(number)
	}
	if grown := strings.Count(text, from) * len(to); grown > call.In.limits.String {
		return Unknown{}
	}
	return call.In.text(strings.Replace(text, from, to, times))
}

func strZfill(call *Call) Value {
	text, ok := AsStr(call.receiver)
	width, known := AsInt(call.Arg(0, ""))
	if !ok || !known || width > int64(call.In.limits.String) {
		return Unknown{}
	}
	sign := ""
	if strings.HasPrefix(text, "-") || strings.HasPrefix(text, "+") {
		sign, text = text[:1], text[1:]
	}
	return call.In.text(sign + strings.Repeat("0", max(0, int(max(width, 0))-len(sign)-len([]rune(text)))) + text)
}

func justify(side byte) NativeFunc {
	return func(call *Call) Value {
		text, ok := AsStr(call.receiver)
		width, known := AsInt(call.Arg(0, ""))
		fill, filled := call.Str(1, "", " ")
		if !ok || !known || !filled || len(fill) != 1 || width > int64(call.In.limits.String) {
			return Unknown{}
		}
		missing := strings.Repeat(fill, max(0, int(max(width, 0))-len([]rune(text))))
		if side == '<' {
			return call.In.text(text + missing)
		}
		return call.In.text(missing + text)
	}
}
