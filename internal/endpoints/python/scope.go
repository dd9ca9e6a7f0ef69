package python

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

type scopeKind uint8

const (
	moduleScope scopeKind = iota
	classScope
	functionScope
	// comprehensionScope is a function's, but walrus assignments go past it.
	comprehensionScope
)

// scope is where names are looked up: a module's, a class body's, a function's or a comprehension's.
type scope struct {
	vars   *Namespace
	parent *scope
	module *Module
	kind   scopeKind
	// elsewhere has the names of global (true) and nonlocal (false) statements.
	elsewhere map[string]bool

	// The rest is of function scopes, and class of class scopes too.
	function *Function
	// class is the one whose body this is, or whose method runs; self the method's first argument: what super() needs.
	class *Class
	self  Value
	// result is what return gave, maybe what it gave in branches that may not be taken.
	result Value
	maybe  []Value
	// yielded gathers what a generator yields.
	yielded *List
}

// code is the part of a function that all its closures share.
type code struct {
	body      *syntax.Node
	generator bool
	// expression says that the body is one: a lambda's.
	expression bool
	// running counts the calls that have not returned.
	running int
}

// lookup finds a name as Python does: class bodies are seen from themselves alone.
func (in *Interpreter) lookup(s *scope, name string) (Value, bool) {
	for at := s; at != nil; at = at.parent {
		if at.kind == classScope && at != s {
			continue
		}
		if at.elsewhere != nil && at.elsewhere[name] {
			at = at.global()
		}
		if value, ok := at.vars.Get(name); ok {
			return value, true
		}
	}
	switch name {
	case "__file__", "__package__", "__path__", "__doc__", "__spec__":
		value := in.moduleAttr(s.module, name)
		return value, value != nil
	}
	return in.builtin(name)
}

func (s *scope) global() *scope {
	for s.parent != nil {
		s = s.parent
	}
	return s
}

// assign binds a name. Within a branch that may not be taken, what is known is not overwritten by what is not.
func (in *Interpreter) assign(s *scope, name string, value Value) {
	target := s
	if global, ok := s.elsewhere[name]; ok {
		if target = s.holder(name); global || target == nil {
			target = s.global()
		}
	}
	in.setName(target.vars, name, value)
}

// holder is the function scope around s that has the name.
func (s *scope) holder(name string) *scope {
	for at := s.parent; at != nil && at.kind != moduleScope; at = at.parent {
		if at.kind != classScope && at.vars.find(name) >= 0 {
			return at
		}
	}
	return nil
}

func (in *Interpreter) setName(vars *Namespace, name string, value Value) {
	if in.assume > 0 && vague(value) {
		if before, ok := vars.Get(name); ok && !vague(before) {
			return
		}
	}
	if vars.Len() < in.limits.Items {
		vars.Set(name, value)
	}
}

// vague tells whether a value says less than another one that the name may have.
func vague(value Value) bool {
	switch v := value.(type) {
	case Unknown, None:
		return true
	case *External:
		return v.Call != nil
	}
	return false
}

// walrusTarget is the scope that := binds in.
func (s *scope) walrusTarget() *scope {
	for s.kind == comprehensionScope && s.parent != nil {
		s = s.parent
	}
	return s
}
