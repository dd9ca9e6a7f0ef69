package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// binding is one variable.
type binding struct {
	value Value
	// get is set for names that are imported: they follow the exporting module.
	get func() Value
}

func (b *binding) read() Value {
	if b.get != nil {
		return b.get()
	}
	return b.value
}

// scope has the variables of a block or of a function.
type scope struct {
	parent   *scope
	vars     map[string]*binding
	function bool
}

func (s *scope) child() *scope { return &scope{parent: s} }

func (s *scope) find(name string) *binding {
	for ; s != nil; s = s.parent {
		if b, ok := s.vars[name]; ok {
			return b
		}
	}
	return nil
}

// own is the scope's own variable, made when it is not there yet.
func (s *scope) own(name string) *binding {
	if b, ok := s.vars[name]; ok {
		return b
	}
	if s.vars == nil {
		s.vars = map[string]*binding{}
	}
	b := &binding{}
	s.vars[name] = b
	return b
}

func (s *scope) declare(name string, value Value) {
	b := s.own(name)
	b.value, b.get = value, nil
}

// outer is the scope that var declares in.
func (s *scope) outer() *scope {
	for !s.function && s.parent != nil {
		s = s.parent
	}
	return s
}

// frame is one call of a function, or one module.
type frame struct {
	module *Module
	fn     *Function
	this   Value
	args   []Value
	// home is the object whose method runs, which super begins above.
	home *Object
	// class is the class whose constructor runs, and target the one that new was used on.
	class, target *Object
	result        Value
	// perhaps are results of return statements under conditions that are not known.
	perhaps []Value
	label   string
	yields  *Object
	tries   int
	// loops are the labels of loops, by their bodies.
	loops map[*syntax.Node]string
}

// hoist declares the functions of a list of statements, which may be called above their declarations.
func (in *Interpreter) hoist(f *frame, sc *scope, statements []*syntax.Node) {
	for _, n := range statements {
		switch n.Kind {
		case "function_declaration", "generator_function_declaration":
			in.declareFunction(f, sc, n)
		case "export_statement":
			if d := n.Child("declaration"); d.Is("function_declaration", "generator_function_declaration") {
				in.declareFunction(f, sc, d)
			}
		}
	}
}

func (in *Interpreter) declareFunction(f *frame, sc *scope, n *syntax.Node) {
	if name := n.Child("name"); name != nil && n.Child("body") != nil {
		sc.declare(name.Text, in.closure(f, sc, n, name.Text))
	}
}
