package python

import (
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// handlers are what one try statement catches.
type handlers struct{ clauses []handler }

type handler struct {
	clause *syntax.Node
	// caught are the classes; everything when there are none.
	caught []Value
	any    bool
	name   *syntax.Node
}

// catches tells whether a try statement around takes an exception: a class, an instance of one, or what is not known.
func (in *Interpreter) catches(exception Value) bool {
	for i := len(in.tries) - 1; i >= 0; i-- {
		if in.tries[i].find(exception) != nil {
			return true
		}
	}
	return false
}

func (h *handlers) find(exception Value) *handler {
	class, _ := exception.(*Class)
	if instance, ok := exception.(*Instance); ok {
		class = instance.Class
	}
	for i := range h.clauses {
		clause := &h.clauses[i]
		if clause.any {
			return clause
		}
		for _, caught := range clause.caught {
			if takes(caught, class, exception) {
				return clause
			}
		}
	}
	return nil
}

func takes(caught Value, class *Class, exception Value) bool {
	switch c := caught.(type) {
	case *Class:
		if class == nil {
			return c.Path == "builtins.Exception" || c.Path == "builtins.BaseException"
		}
		for _, base := range class.MRO {
			if base == c {
				return true
			}
		}
	case *External:
		external, ok := exception.(*External)
		return ok && (external.Path == c.Path || external.Path == c.Path+"()") || class != nil && class.Is(c.Path)
	}
	return false
}

// throw raises a builtin exception if somebody catches it, and tells so. Otherwise what was asked for is Unknown.
func (in *Interpreter) throw(name string) bool {
	if len(in.tries) == 0 || in.pending != nil {
		return false
	}
	class, ok := in.builtin(name)
	if !ok || !in.catches(class) {
		return false
	}
	in.pending = class
	return true
}

// attempt runs what may raise a builtin exception, and tells whether it did.
func (in *Interpreter) attempt(name string, run func()) (raised bool) {
	class, _ := in.builtin(name)
	before := len(in.tries)
	in.tries = append(in.tries[:before:before], handlers{[]handler{{caught: []Value{class}}}})
	run()
	in.tries = in.tries[:before:before]
	if in.pending == nil || !takesClass(class, in.pending) {
		return false
	}
	in.pending = nil
	return true
}

func takesClass(caught, exception Value) bool {
	class, _ := exception.(*Class)
	if instance, ok := exception.(*Instance); ok {
		class = instance.Class
	}
	return class != nil && takes(caught, class, exception)
}

func (in *Interpreter) tryStatement(n *syntax.Node, s *scope) flow {
	caught := in.handlersOf(n, s)
	before := len(in.tries)
	in.tries = append(in.tries[:before:before], caught)
	ended := in.block(n.Child("body"), s)
	in.tries = in.tries[:before:before]
	if exception := in.pending; exception != nil {
		if clause := caught.find(exception); clause != nil {
			in.pending = nil
			ended = in.handle(clause, exception, s)
		}
	} else if ended == flowNext {
		if clause := n.ChildOfKind("else_clause"); clause != nil {
			ended = in.block(clause.Child("body"), s)
		}
	}
	if clause := n.ChildOfKind("finally_clause"); clause != nil {
		ended = in.finally(clause, ended, s)
	}
	return settle(ended)
}

// finally runs the clause with what is on its way put aside.
func (in *Interpreter) finally(clause *syntax.Node, ended flow, s *scope) flow {
	pending := in.pending
	in.pending = nil
	after := in.block(clause.ChildOfKind("block"), s)
	if after != flowNext {
		return after
	}
	in.pending = pending
	return ended
}

func (in *Interpreter) handle(clause *handler, exception Value, s *scope) flow {
	if clause.name != nil {
		if class, ok := exception.(*Class); ok {
			exception = in.Call(class, nil, nil)
		}
		in.bind(clause.name, exception, s)
	}
	return in.block(clause.clause.ChildOfKind("block"), s)
}

func (in *Interpreter) handlersOf(n *syntax.Node, s *scope) handlers {
	var found handlers
	for _, clause := range n.Children {
		if !clause.Is("except_clause", "except_group_clause") {
			continue
		}
		h := handler{clause: clause, any: true}
		for _, child := range clause.NamedChildren() {
			switch child.Kind {
			case "block", "comment":
				continue
			case "as_pattern":
				h.name = child.Child("alias")
				child = child.Children[0]
			}
			if h.any {
				h.any = false
				h.caught = in.exceptionClasses(in.eval(child, s))
			}
		}
		found.clauses = append(found.clauses, h)
	}
	return found
}

func (in *Interpreter) exceptionClasses(value Value) []Value {
	if tuple, ok := value.(*Tuple); ok {
		return tuple.Items
	}
	return []Value{value}
}
