package python

import (
	"encoding/json"
	"strings"
)

// openFile is open() of a file of the project: something with read, readlines and lines to iterate over.
func openFile(call *Call) Value {
	p, ok := pathText(arg(call, 0))
	mode, known := call.Str(1, "mode", "r")
	file, inside := inProject(p)
	if !ok || !known || !inside || strings.ContainsAny(mode, "wab+x") || !call.In.project.has(file) {
		return Unknown{}
	}
	text := call.In.text(string(call.In.project.Source(file)))
	instance, ok := call.In.Call(call.In.nativeClass(textFile), nil, nil).(*Instance)
	if !ok || isUnknown(text) {
		return Unknown{}
	}
	instance.Native = text
	return instance
}

var textFile = &NativeClass{
	Path: "io.TextIOWrapper", closed: true,
	Methods: map[string]NativeFunc{
		"__enter__": returnsReceiver, "close": ignore, "read": fileText,
		"readlines": fileLines, "__iter__": fileLines,
	},
}

// fileText is what has been opened.
func fileText(call *Call) Value {
	if call.Self != nil {
		if text, ok := call.Self.Native.(Str); ok {
			return text
		}
	}
	return Unknown{}
}

func fileLines(call *Call) Value {
	text, ok := fileText(call).(Str)
	if !ok || !call.In.spend(len(text)) {
		return &List{Open: true}
	}
	return call.In.texts(strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n"))
}

func jsonLoad(call *Call) Value {
	inner := *call
	inner.Self, _ = call.Arg(0, "fp").(*Instance)
	return call.In.parseJSON(fileText(&inner))
}

func jsonLoads(call *Call) Value { return call.In.parseJSON(arg(call, 0)) }

func (in *Interpreter) parseJSON(source Value) Value {
	text, ok := AsStr(source)
	if !ok {
		return Unknown{}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	value, ok := in.decode(decoder, 0)
	if !ok {
		return Unknown{}
	}
	return value
}

// decode reads one value, and keeps the order of objects' keys.
func (in *Interpreter) decode(decoder *json.Decoder, depth int) (Value, bool) {
	token, err := decoder.Token()
	if err != nil || depth > maxNesting || !in.step(nil, nil) {
		return nil, false
	}
	switch t := token.(type) {
	case string:
		return Str(t), true
	case bool:
		return Bool(t), true
	case nil:
		return None{}, true
	case json.Number:
		if number := integer(t.String()); !isUnknown(number) {
			return number, true
		}
		return parseFloat(t.String()), true
	case json.Delim:
		if t == '{' {
			return in.decodeObject(decoder, depth)
		}
		return in.decodeArray(decoder, depth)
	}
	return nil, false
}

func (in *Interpreter) decodeObject(decoder *json.Decoder, depth int) (Value, bool) {
	dict := NewDict()
	for decoder.More() {
		key, err := decoder.Token()
		name, ok := key.(string)
		if err != nil || !ok {
			return nil, false
		}
		value, ok := in.decode(decoder, depth+1)
		if !ok {
			return nil, false
		}
		in.setKey(dict, Str(name), value)
	}
	_, err := decoder.Token()
	return dict, err == nil
}

func (in *Interpreter) decodeArray(decoder *json.Decoder, depth int) (Value, bool) {
	list := &List{}
	for decoder.More() {
		value, ok := in.decode(decoder, depth+1)
		if !ok || !in.push(list, value) {
			return nil, false
		}
	}
	_, err := decoder.Token()
	return list, err == nil
}
