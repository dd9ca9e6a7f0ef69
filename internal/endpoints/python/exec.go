package python

import (
	"strings"

	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// flow says how a statement ended.
type flow uint8

const (
	flowNext flow = iota
	flowReturn
	flowBreak
	flowContinue
	// flowRaise: an exception that somebody catches is pending.
	flowRaise
	// flowAbandon: an exception that nobody catches was raised. Such code tells of surroundings that are missing here, so only the block is left.
	flowAbandon
)

// block runs the statements of a block, or of a module.
func (in *Interpreter) block(n *syntax.Node, s *scope) flow {
	if n == nil {
		return flowNext
	}
	for _, statement := range n.Children {
		if !statement.Named {
			continue
		}
		if ended := in.exec(statement, s); ended != flowNext {
			return ended
		}
		if in.stopped {
			return flowNext
		}
	}
	return flowNext
}

// exec runs one statement.
func (in *Interpreter) exec(n *syntax.Node, s *scope) flow {
	if !in.step(n, s) || !in.enter(n, s) {
		return flowNext
	}
	defer in.leave()
	ended := in.dispatch(n, s)
	if in.pending != nil {
		return flowRaise
	}
	return ended
}

func (in *Interpreter) enter(n *syntax.Node, s *scope) bool {
	if in.depth >= in.limits.Depth {
		in.Diagnose("depth", "the program nests too deep here", s.module.File, n.Line)
		return false
	}
	in.depth++
	return true
}

func (in *Interpreter) leave() { in.depth-- }

func (in *Interpreter) dispatch(n *syntax.Node, s *scope) flow {
	switch n.Kind {
	case "expression_statement":
		in.expressionStatement(n, s)
	case "if_statement":
		return in.ifStatement(n, s)
	case "for_statement":
		return in.forStatement(n, s)
	case "while_statement":
		return in.whileStatement(n, s)
	case "try_statement":
		return in.tryStatement(n, s)
	case "with_statement":
		return in.withStatement(n, s)
	case "match_statement":
		return in.matchStatement(n, s)
	case "return_statement":
		return in.returnStatement(n, s)
	case "raise_statement":
		return in.raiseStatement(n, s)
	case "break_statement":
		return flowBreak
	case "continue_statement":
		return flowContinue
	case "function_definition":
		in.bindFunction(n, s, nil)
	case "class_definition":
		in.bindClass(n, s, nil)
	case "decorated_definition":
		in.decorated(n, s)
	case "import_statement":
		in.importStatement(n, s)
	case "import_from_statement":
		in.importFrom(n, s)
	case "global_statement", "nonlocal_statement":
		in.declare(n, s)
	case "delete_statement":
		for _, target := range n.NamedChildren() {
			in.delete(target, s)
		}
	case "type_alias_statement":
		in.typeAlias(n, s)
	case "block", "module", syntax.ErrorKind:
		return in.block(n, s)
	case "comment", "pass_statement", "assert_statement", "future_import_statement", "print_statement", "exec_statement":
	default:
		in.eval(n, s)
	}
	return flowNext
}

func (in *Interpreter) expressionStatement(n *syntax.Node, s *scope) {
	for _, child := range n.Children {
		switch {
		case !child.Named:
		case child.Kind == "assignment":
			in.assignment(child, s)
		case child.Kind == "augmented_assignment":
			in.augmented(child, s)
		case child.Kind != "string":
			in.eval(child, s)
		}
	}
}

func (in *Interpreter) declare(n *syntax.Node, s *scope) {
	if s.kind == moduleScope {
		return
	}
	if s.elsewhere == nil {
		s.elsewhere = map[string]bool{}
	}
	for _, name := range n.NamedChildren() {
		s.elsewhere[name.Text] = n.Kind == "global_statement"
	}
}

// typeAlias binds "type Name = …". What "type Name[T] = …" stands for is only known where T is, so its name is unknown.
func (in *Interpreter) typeAlias(n *syntax.Node, s *scope) {
	types := n.NamedChildren()
	if len(types) != 2 {
		return
	}
	if name, _, generic := strings.Cut(types[0].Text, "["); generic {
		in.assign(s, strings.TrimSpace(name), Unknown{})
		return
	}
	in.assign(s, types[0].Text, in.eval(types[1], s))
}

func (in *Interpreter) returnStatement(n *syntax.Node, s *scope) flow {
	var value Value = None{}
	if children := n.NamedChildren(); len(children) > 0 {
		value = in.eval(children[0], s)
	}
	s.result = value
	return flowReturn
}

// raiseStatement raises what somebody catches. What nobody does leaves the block alone.
func (in *Interpreter) raiseStatement(n *syntax.Node, s *scope) flow {
	var value Value = Unknown{}
	if children := n.NamedChildren(); len(children) > 0 {
		value = in.eval(children[0], s)
	}
	if in.pending != nil {
		return flowRaise
	}
	if in.catches(value) {
		in.pending = value
		return flowRaise
	}
	return flowAbandon
}

func (in *Interpreter) forStatement(n *syntax.Node, s *scope) flow {
	left, body := n.Child("left"), n.Child("body")
	items, complete := in.Iterate(in.eval(n.Child("right"), s))
	if in.pending != nil {
		return flowRaise
	}
	started := in.steps
	for i, item := range items {
		if i >= in.limits.Iterations || in.overShare(started) {
			in.Diagnose("budget", "the loop is too long", s.module.File, n.Line)
			break
		}
		in.bind(left, item, s)
		switch ended := in.block(body, s); ended {
		case flowBreak:
			return flowNext
		case flowReturn, flowRaise:
			return ended
		}
		if in.stopped {
			return flowNext
		}
	}
	if !complete {
		in.assume++
		in.bind(left, Unknown{}, s)
		in.unsure(func() flow { return in.block(body, s) }, s)
		in.assume--
	}
	return in.loopElse(n, s)
}

// overShare tells whether a loop has taken so much of the budget that the rest of the project would be left with too little.
func (in *Interpreter) overShare(started int) bool {
	const share = 8
	return in.steps-started > in.limits.Steps/share
}

func (in *Interpreter) loopElse(n *syntax.Node, s *scope) flow {
	if alternative := n.Child("alternative"); alternative != nil {
		return in.block(alternative.Child("body"), s)
	}
	return flowNext
}

func (in *Interpreter) whileStatement(n *syntax.Node, s *scope) flow {
	condition, body := n.Child("condition"), n.Child("body")
	// A loop that waits for something would otherwise use up the whole budget.
	most := min(in.limits.Iterations, 1_000)
	started := in.steps
	for range most {
		if in.overShare(started) {
			in.Diagnose("budget", "the loop is too long", s.module.File, n.Line)
			break
		}
		truth, known := in.Truth(in.eval(condition, s))
		if in.pending != nil {
			return flowRaise
		}
		if !known {
			in.assume++
			in.unsure(func() flow { return in.block(body, s) }, s)
			in.assume--
			break
		}
		if !truth {
			return in.loopElse(n, s)
		}
		switch ended := in.block(body, s); ended {
		case flowBreak, flowAbandon:
			return flowNext
		case flowReturn, flowRaise:
			return ended
		}
		if in.stopped {
			return flowNext
		}
	}
	return flowNext
}

// unsure runs what may not happen: it cannot raise beyond itself, and what it returns is kept as a possible result.
func (in *Interpreter) unsure(run func() flow, s *scope) flow {
	tries := in.tries
	in.tries = nil
	ended := run()
	in.tries = tries
	in.pending = nil
	if ended == flowReturn {
		if owner := s; owner.kind == functionScope {
			owner.maybe = append(owner.maybe, owner.result)
		}
	}
	return ended
}

func (in *Interpreter) ifStatement(n *syntax.Node, s *scope) flow {
	condition := n.Child("condition")
	if s.kind == moduleScope && isMainGuard(condition) {
		return in.alternatives(n.Children, 0, s)
	}
	truth, known := in.Truth(in.eval(condition, s))
	if in.pending != nil {
		return flowRaise
	}
	if !known {
		return in.either(n.Child("consequence"), n.Children, 0, s)
	}
	if truth {
		return settle(in.block(n.Child("consequence"), s))
	}
	return in.alternatives(n.Children, 0, s)
}

// settle ends the abandoning of a block where the statement around it ends.
func settle(ended flow) flow {
	if ended == flowAbandon {
		return flowNext
	}
	return ended
}

// alternatives runs the first elif or else clause, from the i-th child on, that is to be run.
func (in *Interpreter) alternatives(children []*syntax.Node, i int, s *scope) flow {
	for ; i < len(children); i++ {
		clause := children[i]
		switch clause.Kind {
		case "elif_clause":
			truth, known := in.Truth(in.eval(clause.Child("condition"), s))
			if in.pending != nil {
				return flowRaise
			}
			if !known {
				return in.either(clause.Child("consequence"), children, i+1, s)
			}
			if truth {
				return settle(in.block(clause.Child("consequence"), s))
			}
		case "else_clause":
			return settle(in.block(clause.Child("body"), s))
		}
	}
	return flowNext
}

// either runs a branch and then its alternatives, since it is not known which of them runs.
func (in *Interpreter) either(branch *syntax.Node, children []*syntax.Node, i int, s *scope) flow {
	in.assume++
	before := in.scalars(children, i, s)
	first := in.unsure(func() flow { return in.block(branch, s) }, s)
	for _, known := range before {
		s.vars.Set(known.Name, known.Value)
	}
	second := in.unsure(func() flow { return in.alternatives(children, i, s) }, s)
	in.assume--
	return in.join(first, second, s)
}

// scalars are the names that keep their values when it is not known whether a branch without an alternative runs: strings, numbers
// and truths, which are defaults then. Of other values, such as applications, the later one says more.
func (in *Interpreter) scalars(children []*syntax.Node, i int, s *scope) []Keyword {
	for _, child := range children[min(i, len(children)):] {
		if child.Is("else_clause", "elif_clause") {
			return nil
		}
	}
	var found []Keyword
	for i := range s.vars.Len() {
		name, value := s.vars.At(i)
		switch value.(type) {
		case Str, Int, Float, Bool:
			found = append(found, Keyword{name, value})
		}
	}
	if !in.spend(len(found) * valueSize) {
		return nil
	}
	return found
}

// join says how a statement ends of which one of two ways is taken.
func (in *Interpreter) join(first, second flow, s *scope) flow {
	leaves := func(f flow) bool { return f == flowRaise || f == flowAbandon }
	switch {
	case first == second && first == flowReturn, first == flowReturn && leaves(second), second == flowReturn && leaves(first):
		s.result = s.settled(nil)
		return flowReturn
	case first == second:
		return settle(first)
	case first == flowReturn || second == flowReturn:
		// From here on it is not known whether the function has returned already. The call takes that back when it ends.
		in.assume++
	}
	return flowNext
}

// settled chooses among a function's possible results: the last one unless only earlier ones are known.
func (s *scope) settled(last Value) Value {
	if last != nil && (len(s.maybe) == 0 || !vague(last)) {
		return last
	}
	for _, value := range s.maybe {
		if !vague(value) {
			return value
		}
	}
	switch {
	case last != nil:
		return last
	case len(s.maybe) > 0:
		return s.maybe[len(s.maybe)-1]
	}
	return Unknown{}
}

// isMainGuard recognises `__name__ == "__main__"`.
func isMainGuard(condition *syntax.Node) bool {
	for condition.Is("parenthesized_expression") && len(condition.NamedChildren()) == 1 {
		condition = condition.NamedChildren()[0]
	}
	if !condition.Is("comparison_operator") || len(condition.Children) != 3 || condition.Children[1].Kind != "==" {
		return false
	}
	left, right := condition.Children[0], condition.Children[2]
	if left.Kind == "string" {
		left, right = right, left
	}
	return left.Kind == "identifier" && left.Text == "__name__" && right.Kind == "string" && len(right.Text) > 2 &&
		right.Text[1:len(right.Text)-1] == "__main__"
}
