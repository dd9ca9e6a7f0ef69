package javascript

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// results runs index and returns what it gives to the function note of the module "notes", as strings.
func results(ctx context.Context, files map[string]string, entry string) (notes []string, in *Interpreter) {
	content := map[string][]byte{}
	for name, text := range files {
		content[name] = []byte(text)
	}
	library := Library{"notes": func(in *Interpreter) Value {
		return in.Func("note", func(c *Call) Value {
			for _, arg := range c.Args {
				text, known := ToString(arg)
				if !known {
					text = "?"
				}
				if len(notes) < 1_000 {
					notes = append(notes, text)
				}
			}
			return nil
		})
	}}
	in = New(ctx, NewProject(content), library, Limits{})
	in.Entry(entry)
	return notes, in
}

func TestValues(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []string
	}{
		"arithmetic":    {"note(1 + 2 * 3 ** 2, 7 % 4, '1' + 1, 5 / 2, -1 >>> 0, 1 << 3, ~1, +'4')", []string{"19", "3", "11", "2.5", "4294967295", "8", "-2", "4"}},
		"comparison":    {"note(1 == '1', 1 === '1', null == undefined, 'a' < 'b', NaN === NaN, [] instanceof Array)", []string{"true", "false", "true", "true", "false", "true"}},
		"environment":   {"note(process.env.A || 'd', process.env.A ?? 'e', process.env.A, !process.env.A, typeof process.env.A)", []string{"d", "e", "?", "true", "undefined"}},
		"unknown":       {"const x = require('other'); note(x || 'd', x.y.z(), `a${x}`, x === 1, typeof nothing)", []string{"d", "?", "?", "?", "undefined"}},
		"both branches": {"let a = 1; if (require('x')) a = require('y'); else note('else'); note(a)", []string{"else", "1"}},
		"early return":  {"function f() { if (require('x')) return; return 'end' } note(f())", []string{"end"}},
		"closures":      {"const fs = []; for (let i = 0; i < 3; i++) fs.push(() => i); note(...fs.map(f => f()))", []string{"0", "1", "2"}},
		"labels":        {"out: for (const a of [1, 2]) for (const b of [1, 2]) { if (b > 1) continue out; note(a + '' + b) }", []string{"11", "21"}},
		"destructuring": {"const { a: { b = 2, ...c } = {}, d: [e, , f = 'f', ...g] } = { a: { x: 1 }, d: [1, 2, undefined, 4, 5] }; note(b, c.x, e, f, g)", []string{"2", "1", "1", "f", "4,5"}},
		"not numbers": {"note(['a'].at(NaN), [].at(NaN), 'ab'.repeat(NaN), 'a'.padStart(NaN), ['a'].flat(NaN).length, 'a,b'.split(',', NaN).length, new Array(NaN).length)",
			[]string{"a", "undefined", "", "a", "1", "2", "?"}},
		"huge numbers": {"const a = ['x', 'y']; a.length = 1e300; note(a.length, a.at(1e300), a.at(-1e300), a.splice(1, 9223372036854775000).length, 'a'.padStart(-1e300), 'x'.substr(1e300, 1e300), new Array(1e300).length)",
			[]string{"2", "undefined", "undefined", "1", "a", "", "?"}},
		"deleted from sets":  {"const s = new Set(['a', 'b']); note(s.delete('a'), s.delete('a'), s.has('a'), [...s].length)", []string{"true", "false", "false", "1"}},
		"deleted from maps":  {"const m = new Map([['a', 1], ['b', 2]]); note(m.delete('a'), m.delete('a'), m.get('a'), m.get('b'))", []string{"true", "false", "undefined", "2"}},
		"getters":            {"const o = { get a() { return this.b }, set a(v) { this.b = v } }; o.a = 'set'; note(o.a)", []string{"set"}},
		"classes":            {"class A { static s = 's'; f = this.g(); g() { return 'A' } } class B extends A { g() { return 'B' + super.g() } } note(new B().f, B.s, new B() instanceof A)", []string{"BA", "s", "true"}},
		"optional chaining":  {"const o = { f: null }; note(o?.f?.g, o.f?.(), o.h?.[1] ?? 'none')", []string{"undefined", "undefined", "none"}},
		"hoisted":            {"note(f()); function f() { return v } var v = 1", []string{"?"}},
		"finally":            {"function f() { try { return 'try' } finally { note('finally') } } note(f())", []string{"finally", "try"}},
		"catch":              {"try { throw new Error('x') } catch (e) { note('caught') } note('after')", []string{"caught", "after"}},
		"missing module":     {"try { require('./missing') } catch { note('caught') }", []string{"caught"}},
		"order of promises":  {"Promise.resolve(1).then(v => note('then' + v)); (async () => { note('sync'); await null; note('async') })(); note('end')", []string{"sync", "end", "then1", "async"}},
		"awaited":            {"(async () => { const f = async () => 'v'; note(await f(), await Promise.all([f(), 2]), await { x: 1 }.x) })()", []string{"v", "v,2", "1"}},
		"strings":            {"note('a-b'.split('-').reverse().join('+'), 'aXbX'.replace(/X/g, m => m.toLowerCase()), ' t '.trim(), 'abc'.slice(-2), 'abc'.substring(2, 0), 'a'.padEnd(3, '.'))", []string{"b+a", "axbx", "t", "bc", "ab", "a.."}},
		"arrays":             {"note([1, [2, [3]]].flat(Infinity).map(x => x * 2).filter(x => x > 2).reduce((a, b) => a + b), [3, 1].sort().concat([9]).indexOf(9), [1, 2].includes(2), [...'ab', ...new Set([1, 1])].length)", []string{"10", "2", "true", "3"}},
		"maps":               {"const m = new Map([['a', 1]]); m.set('b', 2); note([...m.keys()], [...m.entries()].length, m.get('b'), m.has('c'), m.size)", []string{"a,b", "2", "2", "false", "2"}},
		"objects":            {"note(Object.entries({ a: 1, 2: 'b' }).join(';'), Object.assign({}, { x: 1 }, null).x, 'k' in { k: 1 }, Object.fromEntries([['p', 'q']]).p)", []string{"2,b;a,1", "1", "true", "q"}},
		"call, apply, bind":  {"function f(a, b) { return this.x + a + b } note(f.call({ x: 1 }, 2, 3), f.apply({ x: 'a' }, ['b', 'c']), f.bind({ x: 'x' }, 'y')('z'))", []string{"6", "abc", "xyz"}},
		"callbacks run once": {"const lib = require('lib'); const f = () => note('run'); lib.each(f); lib.each(f); lib.on('error', () => note('no')); lib.use((req, res) => note('no'))", []string{"run"}},
		"constants":          {"const frozen = Object.freeze({ a: 1 }); frozen.a = 2; note(frozen.a); let n = 1; n += 2; n ||= 9; note(n++ + ++n)", []string{"1", "8"}},
		"switch":             {"switch (2) { case 1: note(1); case 2: note(2); case 3: note(3); break; default: note(4) }", []string{"2", "3"}},
		"generators":         {"function* g() { yield 1; yield* [2, 3] } note([...g()], g().next().value)", []string{"1,2,3", "1"}},
		"regular expression": {"const m = '/users/12'.match(/\\/(\\w+)\\/(?<id>\\d+)/); note(m[1], /^a/i.test('Abc'))", []string{"users", "true"}},
		"JSON":               {"note(JSON.parse('{\"a\":[1,{\"b\":null}]}').a[1].b, JSON.stringify({ a: [1] }))", []string{"null", "{\"a\":[1]}"}},
		"containers":         {"const { Container } = require('typedi'); class A { constructor(b) { this.b = b; this.x = 'made' } } note(Container.get(A).x, Container.get(A) === Container.get(A), Container.get(A).b); const { container } = require('tsyringe'); container.register('t', { useClass: A }); note(container.resolve('t').x)", []string{"made", "true", "?", "made"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := results(t.Context(), map[string]string{"index.js": "const note = require('notes');" + test.source}, "index.js")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTypeScript(t *testing.T) {
	source := `import note = require('notes');
enum Color { Red, Green = 'g', Blue = 4, Next }
namespace Deep.Inner { export const value = 'ns'; export function f() { return value; } }
abstract class Base<T> { constructor(protected readonly name: string, public size?: number) {} abstract x(): T; }
class Child extends Base<string> { private y!: number; x = (): string => this.name + this.size; constructor() { super('n', 2); } }
declare module 'express' { interface Request { user: string } }
function over(a: string): void; function over(a: any) { note(a as string); }
type T = { a: 1 }; interface I { b: T }
over(<any>Color.Red); over(Color.Next!); over(Color[0] satisfies string); over(Deep.Inner.f()); over(new Child().x());
import Alias = Deep.Inner; over(Alias.value);`
	got, _ := results(t.Context(), map[string]string{"index.ts": source}, "index.ts")
	if diff := cmp.Diff([]string{"0", "5", "Red", "ns", "n2", "ns"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestModules(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		entry string
		want  []string
	}{
		"interop": {map[string]string{
			"index.mjs": "import note from 'notes'; import c, { a } from './c.cjs'; import * as e from './e.mjs'; note(c.a, a, e.default, e.named, Object.keys(e)); import('./c.cjs').then(m => note(m.default.a))",
			"c.cjs":     "module.exports = { a: 'a' }",
			"e.mjs":     "export default 'd'; const n = 'n'; export { n as named }",
		}, "index.mjs", []string{"a", "a", "d", "n", "default,named", "a"}},
		"re-exports": {map[string]string{
			"index.js": "import note from 'notes'; import { x, y, z, ns } from './all'; note(x, y, z, ns.x)",
			"all.js":   "export * from './a'; export { default as y } from './a'; export * as ns from './a'; export { z } from './b'",
			"a.js":     "export const x = 'x'; export default 'y'",
			"b.js":     "export let z = 'old'; z = 'new'",
		}, "index.js", []string{"x", "y", "new", "x"}},
		"cycle": {map[string]string{
			"index.js": "const note = require('notes'); const a = require('./a'); note(a.b.seen, a.done)",
			"a.js":     "exports.early = 1; exports.b = require('./b'); exports.done = true",
			"b.js":     "const a = require('./a'); exports.seen = a.early + '' + a.done",
		}, "index.js", []string{"1undefined", "true"}},
		"entry": {map[string]string{
			"index.js": "const note = require('notes'); note(require.main === module, require('./other'), __dirname, __filename)",
			"other.js": "module.exports = require.main === module",
		}, "index.js", []string{"true", "false", "/project", "/project/index.js"}},
		"computed name": {map[string]string{
			"index.js": "const note = require('notes'); for (const n of ['a', 'b']) note(require(`./x/${n}`)); note(require(unknown))",
			"x/a.js":   "module.exports = 'a'", "x/b/index.js": "module.exports = 'b'",
		}, "index.js", []string{"a", "b", "?"}},
		"settings": {map[string]string{
			"index.js":            "const note = require('notes'); const config = require('config'); note(config.get('a.b'), config.c)",
			"config/default.json": `{"a": {"b": 1}, "c": "d"}`, "config/development.json": `{"a": {"b": 2}}`,
		}, "index.js", []string{"2", "d"}},
		"examples of the environment": {map[string]string{
			"index.js":     "const note = require('notes'); note(`/${process.env.BASE}/x`, process.env.BASE || 'default', `${process.env.OTHER}`)",
			".env.example": "# settings\nBASE=\"api\" # the base\n",
		}, "index.js", []string{"/api/x", "default", "?"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := results(t.Context(), test.files, test.entry)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	_, in := results(t.Context(), map[string]string{"index.js": "for (;;) for (;;) for (;;) { let x = 1 }"}, "index.js")
	if !in.Exhausted() || len(in.Diagnostics()) == 0 {
		t.Errorf("exhausted %v, diagnostics %v; want both", in.Exhausted(), in.Diagnostics())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, in := results(ctx, map[string]string{"index.js": "for (;;) for (;;) for (;;) { let x = 1 }"}, "index.js"); in.Steps() > 1_000_000 && !in.Exhausted() {
		t.Errorf("it went on for %d steps after it was cancelled", in.Steps())
	}
}

// FuzzInterpret looks for programs that crash or hold up the interpreter.
func FuzzInterpret(f *testing.F) {
	for _, seed := range []string{
		"class A extends B { static #x = 1; get y() { return super.y } constructor(...a) { super(...a); this.z = () => this } } new A(1).z()",
		"for (const [k, { v = 1, ...r }] of Object.entries(o)) { if (k) continue; else break } switch (x) { case 1: default: }",
		"async function* g() { try { await x; yield* y } catch { throw z } finally { return `${1}${a`b`}` } } g().next()",
		"export * from './index'; export default class {} import x, * as y from './index'; export { x as z }",
		"const p = new Proxy(new Map([[1, 2]]), {}); Reflect.construct(Array, [3]).fill(p).splice(0, 1, ...[1]).sort()",
		"enum E { A = 1 << 2, B, C = 'x' } namespace N { export const a = E.A } let v = <any>N.a as number; v! += 1",
		"'abc'.replace(/(b)/g, '$1$&$$').split(/b/).map(parseInt).reduce((a, b) => a ** b); label: while (1) { do { break label } while (0) }",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 1<<16 {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		for _, name := range []string{"index.js", "index.ts"} {
			results(ctx, map[string]string{name: source, "other.js": "exports.a = require('./index')"}, name)
		}
		if ctx.Err() != nil {
			t.Error("it took longer than 20 s")
		}
	})
}
