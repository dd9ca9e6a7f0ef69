// Package javascript runs the modules of a JavaScript or TypeScript project abstractly: their values are known, or
// Unknown. Nothing of the machine is read or changed, and steps, depth and the size of values are bounded.
package javascript

import (
	"context"
	"fmt"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
	"github.com/codebegen/preview-operator/internal/endpoints/syntax"
)

// Bounds of values. A program that makes larger ones makes an Unknown, or loses what is beyond.
const (
	// maxString in bytes: paths and generated names are far shorter.
	maxString = 64 << 10
	// maxItems of one array or object.
	maxItems = 10_000
)

// Limits bound a run. Zero fields have the defaults.
type Limits struct {
	// Steps are evaluated nodes, over all modules. 3,000,000: about half a second.
	Steps int
	// Calls is how deep functions call each other. 200.
	Calls int
	// Loop is how often one loop goes round. 2,000.
	Loop int
	// Space is what strings, arrays and objects may take, in bytes. 64 MiB.
	Space int
	// Depth is how deep evaluations nest, which Go's stack has to hold. 10,000.
	Depth int
}

func (l Limits) withDefaults() Limits {
	for _, field := range []struct {
		value    *int
		standard int
	}{{&l.Steps, 3_000_000}, {&l.Calls, 200}, {&l.Loop, 2_000}, {&l.Space, 64 << 20}, {&l.Depth, 10_000}} {
		if *field.value <= 0 {
			*field.value = field.standard
		}
	}
	return l
}

// Library is what is known of modules that are not in the project, by the name they are imported with.
type Library map[string]func(*Interpreter) Value

// Interpreter runs modules of one project. It is for one goroutine.
type Interpreter struct {
	project *Project
	library Library
	limits  Limits
	ctx     context.Context

	modules  map[string]*Module
	natives  map[string]Value
	globals  *Object
	protos   protos
	queue    []func()
	awaits   map[*syntax.Node]bool
	handlers map[*syntax.Node]bool
	loaded   []string

	steps, space, calls, depth int
	// uncertain counts the conditions around that are not known.
	uncertain int
	// tries counts the try statements around; what is thrown outside of them is let go.
	tries    int
	throwing bool
	cwd      string
	entry    *Module

	diagnostics []route.Diagnostic
	told        map[string]bool
}

// New makes an interpreter of a project. The context stops it early.
func New(ctx context.Context, project *Project, library Library, limits Limits) *Interpreter {
	in := &Interpreter{
		project: project, library: library, limits: limits.withDefaults(), ctx: ctx,
		modules: map[string]*Module{}, natives: map[string]Value{},
		awaits: map[*syntax.Node]bool{}, handlers: map[*syntax.Node]bool{}, told: map[string]bool{},
	}
	in.makeProtos()
	in.makeGlobals()
	return in
}

// Project is the project whose modules it runs.
func (in *Interpreter) Project() *Project { return in.project }

// Uncertain reports whether what runs now runs under a condition that is not known.
func (in *Interpreter) Uncertain() bool { return in.uncertain > 0 }

// Diagnostics are what could not be done.
func (in *Interpreter) Diagnostics() []route.Diagnostic { return in.diagnostics }

// maxDiagnostics bounds a report that nobody would read to its end.
const maxDiagnostics = 200

// Diagnose adds a diagnostic, once for each place.
func (in *Interpreter) Diagnose(code, message, file string, line int) {
	key := fmt.Sprint(code, file, line)
	if in.told[key] || len(in.diagnostics) >= maxDiagnostics {
		return
	}
	in.told[key] = true
	in.diagnostics = append(in.diagnostics, route.Diagnostic{Code: code, Message: message, File: file, Line: line})
}

// Exhausted reports whether the budget is used up.
func (in *Interpreter) Exhausted() bool {
	return in.steps > in.limits.Steps || in.space > in.limits.Space
}

// contextEvery is after how many steps the context is asked.
const contextEvery = 1 << 12

// step counts one evaluation; false when no more may be done.
func (in *Interpreter) step() bool {
	in.steps++
	if in.steps%contextEvery == 0 && in.ctx.Err() != nil {
		in.steps = in.limits.Steps + 1
	}
	if !in.Exhausted() {
		return true
	}
	in.Diagnose("budget", "the project does more while it loads than is followed: some endpoints may be missing", "", 0)
	return false
}

// take counts memory that the program's values need, in bytes.
func (in *Interpreter) take(bytes int) { in.space += bytes }

// Entry runs a module as the program's first, with all that it puts off.
func (in *Interpreter) Entry(path string) {
	in.cwd = in.project.packageDir(path)
	in.readEnvironment()
	module := in.module(path)
	in.entry = module
	in.run(module)
	in.Drain()
}

// Steps is how much was done so far.
func (in *Interpreter) Steps() int { return in.steps }

// Exported are what a module exports, and each of its exports.
func (in *Interpreter) Exported(path string) []Value {
	values := []Value{in.exports(in.module(path))}
	if o, ok := values[0].(*Object); ok && o.Class == ClassObject {
		for _, key := range in.keys(o) {
			values = append(values, in.Get(o, key))
		}
	}
	return values
}

// Loaded are the paths of the modules that ran, in the order in which they began.
func (in *Interpreter) Loaded() []string { return in.loaded }

// maxTasks bounds callbacks that make callbacks.
const maxTasks = 10_000

// later puts off a callback until the modules have run.
func (in *Interpreter) later(task func()) {
	if len(in.queue) < maxTasks {
		in.queue = append(in.queue, task)
	}
}

// Drain runs what was put off.
func (in *Interpreter) Drain() {
	for done := 0; len(in.queue) > 0 && done < maxTasks; done++ {
		task := in.queue[0]
		in.queue = in.queue[1:]
		in.throwing = false
		task()
	}
	in.throwing = false
}

// Func makes a function of Go's.
func (in *Interpreter) Func(name string, native Native) *Object {
	return &Object{Class: ClassFunction, Proto: in.protos.function, Call: &Function{Name: name, native: native}}
}

// Object makes an object without properties.
func (in *Interpreter) Object() *Object {
	in.take(96)
	return &Object{Proto: in.protos.object}
}

// Array makes an array; what is beyond the limit is lost.
func (in *Interpreter) Array(items []Value) *Object {
	items = items[:min(len(items), maxItems)]
	in.take(96 + 16*len(items))
	return &Object{Class: ClassArray, Proto: in.protos.array, Items: items}
}

// Strings makes an array of strings.
func (in *Interpreter) Strings(texts []string) *Object {
	items := make([]Value, len(texts))
	for i, text := range texts {
		items[i] = text
	}
	return in.Array(items)
}

// text bounds a string that was made.
func (in *Interpreter) text(s string) Value {
	if len(s) > maxString {
		return &Unknown{Name: "a long string"}
	}
	in.take(len(s))
	return s
}
