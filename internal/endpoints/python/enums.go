package python

import "strings"

// enumMembers makes the members of an enum of what its body has assigned.
func (in *Interpreter) enumMembers(class *Class) {
	last := int64(0)
	text := class.Is("enum.StrEnum")
	for i := 0; i < class.Attrs.Len(); i++ {
		name, value := class.Attrs.At(i)
		if strings.HasPrefix(name, "_") || !isMemberValue(value) {
			continue
		}
		if instance, ok := value.(*Instance); ok && instance.Class.Is("enum.auto") {
			last++
			value = Int(last)
			if text {
				value = Str(strings.ToLower(name))
			}
		}
		if number, ok := value.(Int); ok {
			last = int64(number)
		}
		member := &Instance{Class: class, Attrs: &Namespace{}, name: name, data: value, File: class.File, Line: class.Line}
		in.memberInit(member, value)
		class.members = append(class.members, member)
		class.Attrs.Set(name, member)
	}
}

// isMemberValue leaves out what a class body has besides members.
func isMemberValue(value Value) bool {
	switch v := value.(type) {
	case *Function, *Property, *StaticMethod, *ClassMethod, *Builtin, *Class, *BoundMethod:
		return false
	case *External:
		return v.Call != nil
	}
	return true
}

// memberInit runs an enum's __new__ or __init__ with the member's value.
func (in *Interpreter) memberInit(member *Instance, value Value) {
	arguments := []Value{value}
	if tuple, ok := value.(*Tuple); ok {
		arguments = tuple.Items
	}
	call := in.newCall(arguments, nil)
	if made, _, ok := member.Class.Lookup("__new__"); ok {
		if f, ok := made.(*Function); ok {
			if other, ok := in.callFunction(f, call, member.Class).(*Instance); ok {
				member.Attrs = other.Attrs
				if set, ok := other.Attrs.Get("_value_"); ok {
					member.data = set
				}
			}
		}
	}
	if init, _, ok := member.Class.Lookup("__init__"); ok {
		if f, ok := init.(*Function); ok {
			in.callFunction(f, call, member)
		}
	}
	member.Attrs.Set("name", Str(member.name))
	member.Attrs.Set("value", member.data)
	member.Attrs.Set("_name_", Str(member.name))
	member.Attrs.Set("_value_", member.data)
}

// enumMember is Color(value), and Enum("Color", names), which makes a class.
func (in *Interpreter) enumMember(class *Class, call *Call) Value {
	value := call.Arg(0, "value")
	if value == nil {
		return Unknown{}
	}
	if len(class.members) == 0 {
		return in.functionalEnum(class, call)
	}
	known := true
	for _, member := range class.members {
		if value == Value(member) {
			return member
		}
		same, sure := in.Equal(member.data, value)
		if same && sure {
			return member
		}
		known = known && sure
	}
	if known {
		in.throw("ValueError")
	}
	return Unknown{}
}

func (in *Interpreter) functionalEnum(base *Class, call *Call) Value {
	name, ok := AsStr(call.Arg(0, ""))
	if !ok || call.Module == nil {
		return Unknown{}
	}
	class := &Class{
		Name: name, QualName: name, Path: call.Module.Name + "." + name, Module: call.Module, File: call.File, Line: call.Line, Attrs: &Namespace{},
	}
	in.inherit(class, []Value{base})
	names := call.Arg(1, "names")
	if text, ok := AsStr(names); ok {
		names = in.texts(strings.Fields(strings.ReplaceAll(text, ",", " ")))
	}
	if dict, ok := in.dictOf(names); ok {
		for i := range dict.Len() {
			key, value := dict.At(i)
			if member, ok := AsStr(key); ok {
				class.Attrs.Set(member, value)
			}
		}
	} else {
		items, _ := in.Iterate(names)
		for i, item := range items {
			if member, ok := AsStr(item); ok {
				class.Attrs.Set(member, Int(i+1))
			} else if pair, ok := sequence(item); ok && len(pair) == 2 {
				member, _ := AsStr(pair[0])
				class.Attrs.Set(member, pair[1])
			}
		}
	}
	in.defined(class, call)
	return class
}

// enumText is str(member): the value of a StrEnum or IntEnum, else the class's name and the member's.
func (in *Interpreter) enumText(member *Instance) (string, bool) {
	if member.Class.Is("enum.StrEnum") || member.Class.Is("enum.IntEnum") {
		return in.String(member.data)
	}
	return member.Class.Name + "." + member.name, true
}

func (in *Interpreter) enumAttr(class *Class, name string) Value {
	switch name {
	case "__members__", "_member_map_":
		dict := NewDict()
		for _, member := range class.members {
			dict.Set(Str(member.name), member)
		}
		return dict
	case "_member_names_":
		names := &List{}
		for _, member := range class.members {
			names.Items = append(names.Items, Str(member.name))
		}
		return names
	}
	return nil
}
