package python

import (
	"math"
	"sort"
)

func builtinEnumerate(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, "iterable"))
	start, ok := int64(0), true
	if given := call.Arg(1, "start"); given != nil {
		start, ok = AsInt(given)
	}
	if !call.In.spend(len(items) * 2 * valueSize) {
		return Unknown{}
	}
	pairs := make([]Value, len(items))
	for i, item := range items {
		var number Value = Unknown{}
		if ok {
			number = Int(start + int64(i))
		}
		pairs[i] = NewTuple(number, item)
	}
	return &List{Items: pairs, Open: !complete, generator: true}
}

func builtinZip(call *Call) Value {
	shortest, complete := math.MaxInt, !call.OpenPositional
	columns := make([][]Value, len(call.Positional))
	for i, arg := range call.Positional {
		items, all := call.In.Iterate(arg)
		columns[i] = items
		shortest = min(shortest, len(items))
		complete = complete && all
	}
	if len(columns) == 0 || !call.In.spend(shortest*len(columns)*valueSize) {
		return &List{Open: !complete}
	}
	rows := make([]Value, shortest)
	for i := range rows {
		row := &Tuple{Items: make([]Value, len(columns))}
		for j := range columns {
			row.Items[j] = columns[j][i]
		}
		rows[i] = row
	}
	return &List{Items: rows, Open: !complete, generator: true}
}

func builtinMap(call *Call) Value {
	f := call.Arg(0, "")
	if len(call.Positional) < 2 {
		return Unknown{}
	}
	columns := *call
	columns.Positional = call.Positional[1:]
	list := &List{generator: true}
	if len(call.Positional) == 2 {
		items, complete := call.In.Iterate(call.Positional[1])
		list.Open = !complete
		for _, item := range items {
			if !call.In.push(list, call.In.CallFrom(call, f, []Value{item}, nil)) {
				break
			}
		}
		return list
	}
	rows, _ := builtinZip(&columns).(*List)
	list.Open = rows.Open
	for _, row := range rows.Items {
		if !call.In.push(list, call.In.CallFrom(call, f, row.(*Tuple).Items, nil)) {
			break
		}
	}
	return list
}

func builtinFilter(call *Call) Value {
	f := call.Arg(0, "")
	items, complete := call.In.Iterate(call.Arg(1, ""))
	list := &List{Open: !complete, generator: true}
	for _, item := range items {
		value := item
		if _, none := f.(None); !none {
			value = call.In.CallFrom(call, f, []Value{item}, nil)
		}
		truth, known := call.In.Truth(value)
		if truth || !known {
			call.In.push(list, item)
		}
		list.Open = list.Open || !known
	}
	return list
}

func builtinSorted(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	sorted := append([]Value(nil), items...)
	if !call.In.spend(len(sorted)*valueSize) || !call.In.sort(sorted, call) {
		complete = complete && len(sorted) < 2
	}
	return &List{Items: sorted, Open: !complete}
}

// sort sorts by the arguments key and reverse of a call. It returns false, and leaves the order, where that is not known.
func (in *Interpreter) sort(items []Value, call *Call) bool {
	keys := items
	if key := keyword(call, "key"); key != nil {
		if _, none := key.(None); !none {
			keys = make([]Value, len(items))
			for i, item := range items {
				keys[i] = in.CallFrom(call, key, []Value{item}, nil)
			}
		}
	}
	known := true
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	reverse, _ := call.Bool(-1, "reverse", false)
	sort.SliceStable(order, func(i, j int) bool {
		if reverse {
			i, j = j, i
		}
		compared, ok := in.order(keys[order[i]], keys[order[j]], 0)
		known = known && ok
		return compared < 0
	})
	if !known {
		return false
	}
	sorted := make([]Value, len(items))
	for i, at := range order {
		sorted[i] = items[at]
	}
	copy(items, sorted)
	return true
}

func builtinReversed(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	if !call.In.spend(len(items) * valueSize) {
		return Unknown{}
	}
	reversed := make([]Value, len(items))
	for i, item := range items {
		reversed[len(items)-1-i] = item
	}
	return &List{Items: reversed, Open: !complete, generator: true}
}

func builtinAny(call *Call) Value { return quantify(call, true) }
func builtinAll(call *Call) Value { return quantify(call, false) }

// quantify is any, or all with the truth to look for turned round.
func quantify(call *Call, wanted bool) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	for _, item := range items {
		truth, known := call.In.Truth(item)
		if known && truth == wanted {
			return Bool(wanted)
		}
		complete = complete && known
	}
	if !complete {
		return Unknown{}
	}
	return Bool(!wanted)
}

func builtinSum(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	total := call.Arg(1, "start")
	if total == nil {
		total = Int(0)
	}
	for _, item := range items {
		total = call.In.binary("+", total, item)
	}
	if list, ok := total.(*List); ok {
		return &List{Items: list.Items, Open: list.Open || !complete}
	}
	if !complete {
		return Unknown{}
	}
	return total
}

func builtinMin(call *Call) Value { return extreme(call, -1) }
func builtinMax(call *Call) Value { return extreme(call, 1) }

func extreme(call *Call, sign int) Value {
	items, complete := call.Positional, !call.OpenPositional
	if len(items) == 1 {
		items, complete = call.In.Iterate(items[0])
	}
	if !complete {
		return Unknown{}
	}
	if len(items) == 0 {
		if fallback := keyword(call, "default"); fallback != nil {
			return fallback
		}
		return Unknown{}
	}
	rank := func(value Value) Value {
		if key := keyword(call, "key"); key != nil {
			return call.In.CallFrom(call, key, []Value{value}, nil)
		}
		return value
	}
	best, bestRank := items[0], rank(items[0])
	for _, item := range items[1:] {
		itemRank := rank(item)
		order, known := call.In.order(itemRank, bestRank, 0)
		if !known {
			return Unknown{}
		}
		if order*sign > 0 {
			best, bestRank = item, itemRank
		}
	}
	return best
}

func builtinAbs(call *Call) Value {
	switch v := plain(call.Arg(0, "")).(type) {
	case Int:
		return max(v, -v)
	case Float:
		return max(v, -v)
	}
	return Unknown{}
}

func builtinRound(call *Call) Value {
	switch v := plain(call.Arg(0, "")).(type) {
	case Int:
		return v
	case Float:
		if call.Arg(1, "ndigits") == nil && math.Abs(float64(v)) < 1<<52 {
			return Int(math.RoundToEven(float64(v)))
		}
	}
	return Unknown{}
}

func builtinDivmod(call *Call) Value {
	return NewTuple(call.In.binary("//", arg(call, 0), arg(call, 1)), call.In.binary("%", arg(call, 0), arg(call, 1)))
}

func builtinPow(call *Call) Value { return call.In.binary("**", arg(call, 0), arg(call, 1)) }

// arg is a positional argument, Unknown when it was not given.
func arg(call *Call, i int) Value {
	if value := call.Arg(i, ""); value != nil {
		return value
	}
	return Unknown{}
}

func builtinRange(call *Call) Value {
	bounds := [3]int64{0, 0, 1}
	for i := range min(len(call.Positional), len(bounds)) {
		number, ok := AsInt(call.Positional[i])
		if !ok {
			return &List{Open: true}
		}
		bounds[i] = number
	}
	from, to, step := bounds[0], bounds[1], bounds[2]
	if len(call.Positional) == 1 {
		from, to = 0, bounds[0]
	}
	list := &List{}
	if step == 0 {
		return Unknown{}
	}
	for at := from; step > 0 && at < to || step < 0 && at > to; {
		if len(list.Items) >= call.In.limits.Iterations {
			list.Open = true
			break
		}
		list.Items = append(list.Items, Int(at))
		next := at + step
		if (next > at) != (step > 0) {
			break
		}
		at = next
	}
	if !call.In.spend(len(list.Items) * valueSize) {
		return Unknown{}
	}
	return list
}

func builtinIter(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	if list, ok := call.Arg(0, "").(*List); ok && list.generator {
		return list
	}
	return &List{Items: items[:len(items):len(items)], Open: !complete, generator: true}
}

func builtinNext(call *Call) Value {
	list, ok := call.Arg(0, "").(*List)
	if !ok {
		if instance, ok := call.Arg(0, "").(*Instance); ok {
			if method, ok := call.In.special(instance, "__next__"); ok {
				return call.In.CallFrom(call, method, nil, nil)
			}
		}
		return Unknown{}
	}
	if list.next < len(list.Items) {
		list.next++
		return list.Items[list.next-1]
	}
	if fallback := call.Arg(1, ""); fallback != nil && !list.Open {
		return fallback
	}
	if !list.Open {
		call.In.throw("StopIteration")
	}
	return Unknown{}
}

func builtinRepr(call *Call) Value {
	if text, ok := call.In.repr(call.Arg(0, "")); ok {
		return Str(text)
	}
	return Unknown{}
}

func builtinFormat(call *Call) Value {
	specification, ok := call.Str(1, "", "")
	if text, formatted := call.In.formatted(arg(call, 0), "", specification); ok && formatted {
		return call.In.text(text)
	}
	return Unknown{}
}

func builtinOrd(call *Call) Value {
	if text, ok := AsStr(call.Arg(0, "")); ok {
		if runes := []rune(text); len(runes) == 1 {
			return Int(runes[0])
		}
	}
	return Unknown{}
}

func builtinChr(call *Call) Value {
	if number, ok := AsInt(call.Arg(0, "")); ok && number >= 0 && number <= 0x10ffff {
		return Str(string(rune(number)))
	}
	return Unknown{}
}
