package python

var listMethods, tupleMethods, dictMethods, setMethods map[string]NativeFunc

func init() {
	listMethods = map[string]NativeFunc{
		"append": onList(listAppend), "extend": onList(listExtend), "insert": onList(listInsert), "remove": onList(listRemove),
		"pop": onList(listPop), "clear": onList(listClear), "index": sequenceIndex, "count": sequenceCount, "sort": onList(listSort),
		"reverse": onList(listReverse), "copy": onList(listCopy), "send": vaguely, "close": ignore, "throw": ignore,
		"__iter__": builtinIterReceiver, "__next__": vaguely, "__len__": lenReceiver,
	}
	tupleMethods = map[string]NativeFunc{"index": sequenceIndex, "count": sequenceCount, "_asdict": tupleDict, "_replace": vaguely}
	dictMethods = map[string]NativeFunc{
		"get": onDict(dictGet), "items": onDict(dictItems), "keys": onDict(dictKeys), "values": onDict(dictValues),
		"update": onDict(dictUpdate), "pop": onDict(dictPop), "popitem": onDict(dictPopItem), "setdefault": onDict(dictSetDefault),
		"copy": onDict(dictCopy), "clear": onDict(dictClear), "__contains__": onDict(dictContains), "__getitem__": onDict(dictGetItem),
		"__setitem__": onDict(dictSetItem), "move_to_end": ignore,
	}
	setMethods = map[string]NativeFunc{
		"add": onSet(setAdd), "update": onSet(setUpdate), "discard": onSet(setDiscard), "remove": onSet(setDiscard),
		"union": setCombine("|"), "intersection": setCombine("&"), "difference": setCombine("-"), "symmetric_difference": setCombine("^"),
		"copy": setCombine("|"), "clear": onSet(func(_ *Call, set *Set) Value { *set = Set{}; return nil }), "pop": vaguely,
		"issubset": vaguely, "issuperset": vaguely, "isdisjoint": vaguely,
	}
}

func onList(f func(call *Call, list *List) Value) NativeFunc {
	return func(call *Call) Value {
		if list, ok := plain(call.receiver).(*List); ok {
			return f(call, list)
		}
		return Unknown{}
	}
}

func onDict(f func(call *Call, dict *Dict) Value) NativeFunc {
	return func(call *Call) Value {
		if dict, ok := plain(call.receiver).(*Dict); ok {
			return f(call, dict)
		}
		return Unknown{}
	}
}

func onSet(f func(call *Call, set *Set) Value) NativeFunc {
	return func(call *Call) Value {
		if set, ok := plain(call.receiver).(*Set); ok {
			return f(call, set)
		}
		return Unknown{}
	}
}

func builtinIterReceiver(call *Call) Value {
	items, complete := call.In.Iterate(plain(call.receiver))
	return &List{Items: items[:len(items):len(items)], Open: !complete, generator: true}
}

func lenReceiver(call *Call) Value {
	items, complete := call.In.Iterate(plain(call.receiver))
	if !complete {
		return Unknown{}
	}
	return Int(len(items))
}

func listAppend(call *Call, list *List) Value {
	call.In.push(list, arg(call, 0))
	return nil
}

func listExtend(call *Call, list *List) Value {
	call.In.extend(list, arg(call, 0))
	return nil
}

func listInsert(call *Call, list *List) Value {
	at, ok := AsInt(call.Arg(0, ""))
	if !ok || !call.In.spend(len(list.Items)*valueSize) {
		list.Open = true
		return nil
	}
	size := int64(len(list.Items))
	if at < 0 {
		at = max(0, at+size)
	}
	at = min(at, size)
	if !call.In.push(list, Unknown{}) {
		return nil
	}
	copy(list.Items[at+1:], list.Items[at:])
	list.Items[at] = arg(call, 1)
	return nil
}

func listRemove(call *Call, list *List) Value {
	for i, item := range list.Items {
		if same, known := call.In.Equal(item, arg(call, 0)); same && known {
			if call.In.assume == 0 {
				list.Items = append(list.Items[:i:i], list.Items[i+1:]...)
			}
			return nil
		}
	}
	if !list.Open {
		call.In.throw("ValueError")
	}
	return nil
}

func listPop(call *Call, list *List) Value {
	at := call.Arg(0, "")
	if at == nil {
		at = Int(-1)
	}
	i, ok := index(at, len(list.Items))
	if !ok || list.Open {
		if len(list.Items) == 0 && !list.Open {
			call.In.throw("IndexError")
		}
		return Unknown{}
	}
	item := list.Items[i]
	if call.In.assume == 0 && call.In.spend(len(list.Items)) {
		list.Items = append(list.Items[:i:i], list.Items[i+1:]...)
	}
	return item
}

func listClear(call *Call, list *List) Value {
	if call.In.assume == 0 {
		list.Items = nil
	}
	return nil
}

func listSort(call *Call, list *List) Value {
	call.In.sort(list.Items, call)
	return nil
}

func listReverse(_ *Call, list *List) Value {
	for i, j := 0, len(list.Items)-1; i < j; i, j = i+1, j-1 {
		list.Items[i], list.Items[j] = list.Items[j], list.Items[i]
	}
	return nil
}

func listCopy(call *Call, list *List) Value {
	items, ok := call.In.joined(list.Items, nil)
	return &List{Items: items, Open: list.Open || !ok}
}

func sequenceIndex(call *Call) Value {
	items, complete := call.In.Iterate(plain(call.receiver))
	for i, item := range items {
		same, known := call.In.Equal(item, arg(call, 0))
		if !known {
			return Unknown{}
		}
		if same {
			return Int(i)
		}
	}
	if complete {
		call.In.throw("ValueError")
	}
	return Unknown{}
}

func sequenceCount(call *Call) Value {
	items, complete := call.In.Iterate(plain(call.receiver))
	count := 0
	for _, item := range items {
		same, known := call.In.Equal(item, arg(call, 0))
		complete = complete && known
		if same {
			count++
		}
	}
	if !complete {
		return Unknown{}
	}
	return Int(count)
}

func tupleDict(call *Call) Value {
	tuple, ok := call.receiver.(*Tuple)
	if !ok || tuple.Class == nil {
		return Unknown{}
	}
	dict := NewDict()
	for i, field := range tuple.Class.Fields {
		if i < len(tuple.Items) {
			dict.Set(Str(field.Name), tuple.Items[i])
		}
	}
	return dict
}

func dictGet(call *Call, dict *Dict) Value {
	if value := call.In.dictItemPlain(dict, arg(call, 0)); value != nil {
		return value
	}
	return call.Arg(1, "default")
}

// dictItemPlain reads a key without making what is missing.
func (in *Interpreter) dictItemPlain(dict *Dict, key Value) Value {
	missing := dict.missing
	dict.missing = nil
	value := in.dictItem(dict, key)
	dict.missing = missing
	return value
}

func dictGetItem(call *Call, dict *Dict) Value {
	if value := call.In.dictItem(dict, arg(call, 0)); value != nil {
		return value
	}
	call.In.throw("KeyError")
	return Unknown{}
}

func dictSetItem(call *Call, dict *Dict) Value {
	call.In.setKey(dict, arg(call, 0), arg(call, 1))
	return nil
}

func dictContains(call *Call, dict *Dict) Value {
	truth, known := inDict(dict, arg(call, 0))
	if !known {
		return Unknown{}
	}
	return Bool(truth)
}

func dictItems(call *Call, dict *Dict) Value {
	dict = call.In.current(dict)
	if !call.In.spend(dict.Len() * 3 * valueSize) {
		return &List{Open: true}
	}
	list := &List{Items: make([]Value, dict.Len()), Open: dict.Open}
	for i := range list.Items {
		key, value := dict.At(i)
		list.Items[i] = NewTuple(key, value)
	}
	return list
}

func dictKeys(call *Call, dict *Dict) Value {
	dict = call.In.current(dict)
	items, ok := call.In.joined(dict.keys, nil)
	return &List{Items: items, Open: dict.Open || !ok}
}

func dictValues(call *Call, dict *Dict) Value {
	dict = call.In.current(dict)
	items, ok := call.In.joined(dict.values, nil)
	return &List{Items: items, Open: dict.Open || !ok}
}

func dictUpdate(call *Call, dict *Dict) Value {
	if value := call.Arg(0, ""); value != nil {
		call.In.update(dict, value)
	}
	for _, keyword := range call.Keywords {
		call.In.setKey(dict, Str(keyword.Name), keyword.Value)
	}
	dict.Open = dict.Open || call.OpenKeywords
	return nil
}

func dictPop(call *Call, dict *Dict) Value {
	key := arg(call, 0)
	value := call.In.dictItemPlain(dict, key)
	if value != nil {
		if call.In.assume == 0 && call.In.spend(dict.Len()) {
			dict.Delete(key)
			if name, ok := AsStr(key); ok && dict.live != nil {
				dict.live.Delete(name)
			}
		}
		return value
	}
	if fallback := call.Arg(1, ""); fallback != nil {
		return fallback
	}
	call.In.throw("KeyError")
	return Unknown{}
}

func dictPopItem(_ *Call, dict *Dict) Value {
	if dict.Len() == 0 || dict.Open {
		return Unknown{}
	}
	key, value := dict.At(dict.Len() - 1)
	dict.Delete(key)
	return NewTuple(key, value)
}

func dictSetDefault(call *Call, dict *Dict) Value {
	if value := call.In.dictItemPlain(dict, arg(call, 0)); value != nil && !isUnknown(value) {
		return value
	}
	value := call.Arg(1, "")
	if value == nil {
		value = None{}
	}
	call.In.setKey(dict, arg(call, 0), value)
	return value
}

func dictCopy(call *Call, dict *Dict) Value { return call.In.copyDict(dict) }

func dictClear(call *Call, dict *Dict) Value {
	if call.In.assume == 0 {
		dict.keys, dict.values, dict.index = nil, nil, nil
	}
	return nil
}

func dictFromKeys(call *Call) Value {
	items, complete := call.In.Iterate(call.Arg(0, ""))
	var value Value = None{}
	if given := call.Arg(1, ""); given != nil {
		value = given
	}
	dict := &Dict{Open: !complete}
	for _, item := range items {
		call.In.setKey(dict, item, value)
	}
	return dict
}

func setAdd(call *Call, set *Set) Value {
	call.In.setKey(&set.dict, arg(call, 0), None{})
	return nil
}

func setUpdate(call *Call, set *Set) Value {
	for _, other := range call.Positional {
		call.In.extendSet(set, other)
	}
	return nil
}

func setDiscard(call *Call, set *Set) Value {
	if call.In.assume == 0 {
		set.dict.Delete(arg(call, 0))
	}
	return nil
}

func setCombine(op string) NativeFunc {
	return onSet(func(call *Call, set *Set) Value {
		result := call.In.setOperator("|", set, &Set{})
		for _, other := range call.Positional {
			right := &Set{}
			call.In.extendSet(right, other)
			if left, ok := result.(*Set); ok {
				result = call.In.setOperator(op, left, right)
			}
		}
		return result
	})
}
