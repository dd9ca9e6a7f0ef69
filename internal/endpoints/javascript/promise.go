package javascript

import "github.com/codebegen/preview-operator/internal/endpoints/syntax"

// promise is a promise, which is taken to be kept.
type promise struct {
	value   Value
	settled bool
	// task makes the value; it runs when the value is waited for, or when the modules have run.
	task func() Value
}

func (in *Interpreter) resolved(v Value) *Object {
	if o, ok := v.(*Object); ok && o.promise != nil {
		return o
	}
	in.take(128)
	return &Object{Class: ClassPromise, Proto: in.protos.promise, promise: &promise{value: v, settled: true}}
}

// pending makes a promise of what a task makes later.
func (in *Interpreter) pending(task func() Value) *Object {
	in.take(128)
	p := &promise{task: task}
	in.later(func() { in.force(p) })
	return &Object{Class: ClassPromise, Proto: in.protos.promise, promise: p}
}

func (in *Interpreter) force(p *promise) Value {
	if task := p.task; task != nil {
		p.task = nil
		uncertain := in.uncertain
		in.uncertain = 0
		v := in.awaited(task())
		in.uncertain = uncertain
		if !p.settled {
			p.value, p.settled = v, true
		}
	}
	// What resolves it may be a callback that was put off.
	for n := 0; !p.settled && len(in.queue) > 0 && n < maxTasks && in.calls < in.limits.Calls/2 && in.step(); n++ {
		task := in.queue[0]
		in.queue = in.queue[1:]
		task()
	}
	if !p.settled {
		return &Unknown{Name: "a promise"}
	}
	return p.value
}

// awaited is the value of await.
func (in *Interpreter) awaited(v Value) Value {
	for range maxChain {
		o, ok := v.(*Object)
		if !ok || o.promise == nil {
			return v
		}
		if in.depth > in.limits.Depth || in.calls >= in.limits.Calls {
			return &Unknown{}
		}
		in.calls++
		v = in.force(o.promise)
		in.calls--
	}
	return v
}

// then calls a callback with the value of a promise, later.
func (in *Interpreter) then(p *Object, callback Value) *Object {
	return in.pending(func() Value {
		return in.Call(callback, nil, []Value{in.awaited(p)})
	})
}

// runAsync runs an async function: now up to the first statement that waits, the rest later.
func (in *Interpreter) runAsync(f *frame, sc *scope, body *syntax.Node) Value {
	if body == nil {
		return &Unknown{}
	}
	if body.Kind != "statement_block" {
		if !in.waits(body) {
			return in.resolved(in.eval(f, sc, body))
		}
		return in.pending(func() Value { return in.eval(f, sc, body) })
	}
	in.hoist(f, sc, body.Children)
	for i, n := range body.Children {
		if in.waits(n) {
			uncertain := in.uncertain
			return in.pending(func() Value {
				in.uncertain += uncertain
				defer func() { in.uncertain -= uncertain }()
				return in.runStatements(f, sc, body.Children[i:])
			})
		}
		switch in.exec(f, sc, n) {
		case returned:
			return in.resolved(f.best(f.result))
		case thrown:
			if v := f.best(nil); v != nil {
				return in.resolved(v)
			}
			return in.resolved(&Unknown{})
		}
	}
	return in.resolved(f.best(nil))
}

// waits reports whether a statement has an await of its own.
func (in *Interpreter) waits(n *syntax.Node) bool {
	if known, ok := in.awaits[n]; ok {
		return known
	}
	waits := hasAwait(n)
	in.awaits[n] = waits
	return waits
}

func hasAwait(n *syntax.Node) bool {
	switch n.Kind {
	case "await_expression", "await":
		return true
	case "function_declaration", "function_expression", "function", "arrow_function", "method_definition", "class_body",
		"generator_function", "generator_function_declaration":
		return false
	}
	for _, child := range n.Children {
		if hasAwait(child) {
			return true
		}
	}
	return false
}
