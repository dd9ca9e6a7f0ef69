package python

// Call is a call of a native function, method or constructor.
type Call struct {
	In *Interpreter
	// Self is what a method is called on: nil for functions.
	Self *Instance
	// Class is the class which is constructed, or which a class method is called on; otherwise nil.
	Class *Class
	// Positional has what *args of a known length have been spread into, Keywords likewise **kwargs.
	Positional []Value
	Keywords   []Keyword
	// OpenPositional says that *args of unknown content was passed at the end, OpenKeywords the same of **kwargs.
	OpenPositional bool
	OpenKeywords   bool
	// Module, File and Line, from 1, are where the call stands; for a decorator, where it does.
	Module *Module
	File   string
	Line   int
	// Assumed says that it is not known whether the call happens: it is within a branch of a condition that is Unknown.
	Assumed bool

	callee Value
	// receiver is Self, and what methods of builtin types are called on.
	receiver Value
}

// Keyword is a keyword argument.
type Keyword struct {
	Name  string
	Value Value
}

// Arg returns the argument at a position (from 0, without self), or of a name; nil when it was not given. A position of -1 is for what
// can be given by name alone, an empty name for what only has a position.
func (c *Call) Arg(position int, name string) Value {
	if position >= 0 && position < len(c.Positional) {
		return c.Positional[position]
	}
	if name == "" {
		return nil
	}
	for i := range c.Keywords {
		if c.Keywords[i].Name == name {
			return c.Keywords[i].Value
		}
	}
	return nil
}

// Str returns a string argument, and fallback for what was not given or is None. It is false for what is Unknown or no string.
func (c *Call) Str(position int, name, fallback string) (string, bool) {
	switch value := c.Arg(position, name).(type) {
	case nil, None:
		return fallback, true
	default:
		return AsStr(value)
	}
}

// Bool returns the truth of an argument, and fallback for what was not given. It is false, for known, when that is Unknown.
func (c *Call) Bool(position int, name string, fallback bool) (truth, known bool) {
	value := c.Arg(position, name)
	if value == nil {
		return fallback, true
	}
	return c.In.Truth(value)
}

// Strs returns an argument that is a list, tuple or set of strings, or one string. It is false when a part is Unknown; nil and true
// for what was not given or is None.
func (c *Call) Strs(position int, name string) ([]string, bool) {
	switch value := c.Arg(position, name).(type) {
	case nil, None:
		return nil, true
	case Str:
		return []string{string(value)}, true
	default:
		items, complete := c.In.Iterate(value)
		all := make([]string, 0, len(items))
		for _, item := range items {
			text, ok := AsStr(item)
			if !ok {
				complete = false
				continue
			}
			all = append(all, text)
		}
		return all, complete
	}
}

// Diagnose adds a diagnostic that points at the call.
func (c *Call) Diagnose(code, message string) { c.In.Diagnose(code, message, c.File, c.Line) }

// AsStr returns the text of a string, of a str enum's member, and of an instance of a class derived from str.
func AsStr(value Value) (string, bool) {
	switch v := value.(type) {
	case Str:
		return string(v), true
	case *Instance:
		if text, ok := v.data.(Str); ok {
			return string(text), true
		}
	}
	return "", false
}

// AsInt returns the number that an int, a bool or an IntEnum's member is.
func AsInt(value Value) (int64, bool) {
	switch v := value.(type) {
	case Int:
		return int64(v), true
	case Bool:
		if v {
			return 1, true
		}
		return 0, true
	case *Instance:
		if number, ok := v.data.(Int); ok {
			return int64(number), true
		}
	}
	return 0, false
}

// IsUnknown tells whether nothing is known of the value, or only the name of something outside of the project.
func IsUnknown(value Value) bool {
	switch value.(type) {
	case Unknown, *External:
		return true
	}
	return false
}
