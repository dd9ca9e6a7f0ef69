package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// codeOf is the code of a function_definition or a lambda, made once.
func (in *Interpreter) codeOf(n *syntax.Node, expression bool) *code {
	if known, ok := in.codes[n]; ok {
		return known
	}
	c := &code{body: n.Child("body"), expression: expression}
	c.generator = yields(c.body, 0)
	in.codes[n] = c
	return c
}

// yields tells whether a body has a yield of its own.
func yields(n *syntax.Node, depth int) bool {
	const deepest = 200
	if n == nil || depth > deepest {
		return false
	}
	for _, child := range n.Children {
		switch child.Kind {
		case "yield":
			return true
		case "function_definition", "class_definition", "lambda":
			continue
		}
		if len(child.Children) > 0 && yields(child, depth+1) {
			return true
		}
	}
	return false
}

// params evaluates the defaults of a list of parameters.
func (in *Interpreter) params(list *syntax.Node, s *scope) []Param {
	if list == nil {
		return nil
	}
	params := make([]Param, 0, len(list.Children)/2+1)
	kind := PositionalOrKeyword
	for _, child := range list.Children {
		if !child.Named {
			continue
		}
		switch child.Kind {
		case "positional_separator":
			for i := range params {
				params[i].Kind = PositionalOnly
			}
		case "keyword_separator":
			kind = KeywordOnly
		default:
			param, ok := in.param(child, kind, s)
			if !ok {
				continue
			}
			params = append(params, param)
			if param.Kind == VarPositional {
				kind = KeywordOnly
			}
		}
	}
	return params
}

func (in *Interpreter) param(n *syntax.Node, kind ParamKind, s *scope) (Param, bool) {
	param := Param{Kind: kind}
	if annotation := n.Child("type"); annotation != nil {
		param.Annotation = &Expr{Node: annotation, scope: s}
	}
	name := n
	switch n.Kind {
	case "typed_parameter":
		if len(n.Children) == 0 {
			return param, false
		}
		name = n.Children[0]
	case "default_parameter", "typed_default_parameter":
		name = n.Child("name")
		param.Default = in.eval(n.Child("value"), s)
	}
	switch {
	case name.Is("list_splat_pattern"):
		param.Kind = VarPositional
		name = name.ChildOfKind("identifier")
	case name.Is("dictionary_splat_pattern"):
		param.Kind = VarKeyword
		name = name.ChildOfKind("identifier")
	}
	if !name.Is("identifier") {
		return param, false
	}
	param.Name = name.Text
	return param, true
}

// function makes a function of its definition, undecorated.
func (in *Interpreter) function(n *syntax.Node, s *scope) *Function {
	in.spend(functionSize)
	f := &Function{
		Name: "", Module: s.module, File: s.module.File, Line: n.Line,
		Params: in.params(n.Child("parameters"), s), code: in.codeOf(n, false), scope: s, assumed: in.assume > 0,
	}
	if name := n.Child("name"); name != nil {
		f.Name = name.Text
	}
	f.QualName = f.Name
	if s.kind == classScope {
		f.Class = s.class
		f.QualName = s.class.QualName + "." + f.Name
	}
	if returns := n.Child("return_type"); returns != nil {
		f.Returns = &Expr{Node: returns, scope: s}
	}
	if len(n.Children) > 0 && n.Children[0].Kind == "async" {
		f.IsAsync = true
	}
	f.Doc = in.docstring(f.code.body, s)
	return f
}

// docstring is the string that a body begins with.
func (in *Interpreter) docstring(body *syntax.Node, s *scope) string {
	if body == nil {
		return ""
	}
	for _, statement := range body.Children {
		if statement.Kind == "comment" {
			continue
		}
		if statement.Kind != "expression_statement" || len(statement.Children) != 1 {
			return ""
		}
		text := statement.Children[0]
		if !text.Is("string", "concatenated_string") || text.ChildOfKind("interpolation") != nil {
			return ""
		}
		doc, _ := in.eval(text, s).(Str)
		return string(doc)
	}
	return ""
}

func (in *Interpreter) bindFunction(n *syntax.Node, s *scope, decorators []decorator) {
	f := in.function(n, s)
	for _, d := range decorators {
		f.Decorators = append(f.Decorators, d.value)
	}
	// Decorators such as functools.wraps change the name.
	name := f.Name
	in.assign(s, name, in.decorate(f, decorators, s))
}

// decorator is a decorator's value and its line.
type decorator struct {
	value Value
	node  *syntax.Node
}

func (in *Interpreter) decorated(n *syntax.Node, s *scope) {
	var decorators []decorator
	for _, child := range n.Children {
		if child.Kind == "decorator" {
			decorators = append(decorators, decorator{in.inner(child, s), child})
		}
	}
	definition := n.Child("definition")
	switch {
	case definition == nil || in.pending != nil:
	case definition.Kind == "class_definition":
		in.bindClass(definition, s, decorators)
	default:
		in.bindFunction(definition, s, decorators)
	}
}

// decorate calls the decorators, the last one first. What is not known leaves the function as it is.
func (in *Interpreter) decorate(value Value, decorators []decorator, s *scope) Value {
	for i := len(decorators) - 1; i >= 0; i-- {
		d := decorators[i]
		if _, ok := d.value.(*External); ok {
			if instance, ok := value.(*Function); ok && isExternal(d.value, "typing.overload") {
				instance.assumed = true
			}
			continue
		}
		before := in.locate(d.node, s)
		result := in.call(d.value, in.newCall([]Value{value}, nil))
		in.at = before
		if in.pending != nil {
			return value
		}
		if external, ok := result.(*External); ok && external.Call != nil || isUnknown(result) {
			continue
		}
		value = result
	}
	return value
}

// callFunction runs a function of the project. Self is given for methods.
func (in *Interpreter) callFunction(f *Function, call *Call, self Value) Value {
	if in.stopped || in.pending != nil || f.code == nil || f.code.body == nil {
		return Unknown{}
	}
	key, cached := f.cacheKey(call, self)
	if cached {
		if value, ok := f.cache[key]; ok {
			return value
		}
	}
	// Where it is not known whether to go on, recursion has no end.
	const assumedRecursion = 1
	if in.calls >= in.limits.Calls || in.assume > 0 && f.code.running > assumedRecursion {
		return Unknown{}
	}
	s := &scope{vars: &Namespace{}, parent: f.scope, module: f.Module, kind: functionScope, function: f, class: f.Class, self: self}
	if !in.bindArguments(f, call, self, s.vars) {
		if in.throw("TypeError") {
			return Unknown{}
		}
	}
	if s.self == nil && len(f.Params) > 0 {
		s.self, _ = s.vars.Get(f.Params[0].Name)
	}
	in.spend(callSize)
	if f.code.generator {
		s.yielded = &List{generator: true}
	}
	assume, at := in.assume, in.at
	in.calls++
	f.code.running++
	result := in.run(f, s)
	f.code.running--
	in.calls--
	in.assume, in.at = assume, at
	if cached && in.pending == nil && in.spend(2*valueSize) {
		f.cache[key] = result
	}
	return result
}

// cacheKey is what a cached function's arguments have in common with equal ones; false for functions that are not cached.
func (f *Function) cacheKey(call *Call, self Value) (key any, ok bool) {
	if f.cache == nil || call.OpenPositional || call.OpenKeywords {
		return nil, false
	}
	arguments := &Tuple{Items: append([]Value(nil), call.Positional...)}
	if self != nil {
		arguments.Items = append(arguments.Items, self)
	}
	for _, given := range call.Keywords {
		arguments.Items = append(arguments.Items, Str(given.Name), given.Value)
	}
	return hashTuple(arguments, 0)
}

// run runs a function's body in its scope.
func (in *Interpreter) run(f *Function, s *scope) Value {
	if f.code.expression {
		return in.eval(f.code.body, s)
	}
	ended := in.block(f.code.body, s)
	switch {
	case s.yielded != nil:
		return s.yielded
	case in.pending != nil || in.stopped:
		return Unknown{}
	case ended == flowReturn:
		return s.settled(s.result)
	case ended == flowAbandon:
		return s.settled(Unknown{})
	}
	return s.settled(None{})
}

// bindArguments gives the parameters their values. It returns false when the call does not fit, and does what it can.
func (in *Interpreter) bindArguments(f *Function, call *Call, self Value, vars *Namespace) bool {
	fits := true
	next, given := 0, len(call.Positional)
	if self != nil {
		given++
	}
	positional := func(i int) Value {
		if self != nil {
			if i == 0 {
				return self
			}
			i--
		}
		return call.Positional[i]
	}
	var rest *Dict
	used := 0
	for _, param := range f.Params {
		switch param.Kind {
		case VarPositional:
			extra := &Tuple{Open: call.OpenPositional}
			for ; next < given; next++ {
				extra.Items = append(extra.Items, positional(next))
			}
			vars.Set(param.Name, extra)
			continue
		case VarKeyword:
			rest = &Dict{Open: call.OpenKeywords}
			vars.Set(param.Name, rest)
			continue
		}
		if param.Kind != KeywordOnly && next < given {
			vars.Set(param.Name, positional(next))
			next++
			continue
		}
		value := Value(nil)
		if param.Kind != PositionalOnly {
			value = keyword(call, param.Name)
		}
		if value != nil {
			used++
		} else if value = in.missing(param, call); value == nil {
			value, fits = Unknown{}, false
		}
		vars.Set(param.Name, value)
	}
	if rest != nil {
		restKeywords(f, call, rest)
	} else if used < len(call.Keywords) {
		fits = false
	}
	return fits && next >= given
}

// missing is what a parameter has that no argument was given for; nil when there has to be one.
func (in *Interpreter) missing(param Param, call *Call) Value {
	switch {
	case call.OpenKeywords || call.OpenPositional && param.Kind != KeywordOnly:
		if param.Default != nil {
			return param.Default
		}
		return Unknown{}
	case param.Default != nil:
		return param.Default
	}
	return nil
}

func keyword(call *Call, name string) Value {
	for i := range call.Keywords {
		if call.Keywords[i].Name == name {
			return call.Keywords[i].Value
		}
	}
	return nil
}

// restKeywords puts into **kwargs what no parameter takes.
func restKeywords(f *Function, call *Call, rest *Dict) {
	for _, given := range call.Keywords {
		taken := false
		for i := range f.Params {
			param := &f.Params[i]
			if param.Name == given.Name && (param.Kind == PositionalOrKeyword || param.Kind == KeywordOnly) {
				taken = true
				break
			}
		}
		if !taken {
			rest.Set(Str(given.Name), given.Value)
		}
	}
}
