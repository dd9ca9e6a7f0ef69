package express

import (
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestHostile runs programs that would not end, or would take all memory, within bounds; what they routed before counts.
func TestHostile(t *testing.T) {
	head := "const express = require('express'); const app = express(); app.get('/before', (req, res) => {}); app.listen(1)\n"
	for name, source := range map[string]string{
		"long string":         "'x'.repeat(1e9); let s = 'x'; for (let i = 0; i < 1e9; i++) s += s",
		"doubled array":       "let l = [1]; while (true) l = l.concat(l, l); l.push(...l)",
		"doubled object":      "let o = {}; while (true) o = { a: o, ...o, [Object.keys(o).length]: o }",
		"endless loop":        "for (;;) {}",
		"loops in loops":      "for (;;) for (;;) for (;;) { x++ }",
		"recursion":           "function f(n) { return f(n + 1) + f(n + 2) }; f(0)",
		"branching recursion": "const f = n => unknown.x ? f(n + 1) : f(n + 2); f(0)",
		"nested calls":        strings.Repeat("f(", 20_000) + strings.Repeat(")", 20_000),
		"nested arrays":       strings.Repeat("[", 100_000),
		"nested functions":    strings.Repeat("(() => ", 10_000) + "1" + strings.Repeat(")()", 10_000),
		"long chain":          "app" + strings.Repeat(".get('/c', (req, res) => {})", 1) + strings.Repeat(".use(app)", 5_000),
		"routers in routers":  "let r = express.Router(); r.get('/x', f); for (let i = 0; i < 60; i++) { const n = express.Router(); n.use('/a', r); n.use('/b', r); r = n }; app.use(r)",
		"proxy cycle":         "const a = {}, b = Object.create(a); Object.setPrototypeOf(a, b); a.x; class A extends A {}",
		"getter of itself":    "const o = { get x() { return this.x } }; o.x",
		"promise of itself":   "const p = new Promise(r => setTimeout(() => r(p))); p.then(x => x); (async () => { await p })()",
		"callbacks":           "const f = () => { setTimeout(f); setTimeout(f) }; f()",
		"regular expression":  "'a'.repeat(60000).match(/(a+)+(a+)+(a{1,900}){1,900}$/); 'x'.replace(/x/g, '$&'.repeat(60000))",
		"replaced":            "let s = 'x'; for (let i = 0; i < 99; i++) s = s.replace(/x/g, 'xxxxxxxx')",
		"large split":         "const l = 'x'.repeat(60000).split(''); for (let i = 0; i < 1e5; i++) l.map(x => l.map(y => l.join(x + y)))",
		"set of all":          "const s = new Set(); for (let i = 0; i < 1e6; i++) s.add(i); new Map([...s].map(x => [x, s]))",
		"frozen fields":       "class A { x = new A() }; new A()",
		"parameters":          "function f(a = f()) {}; f(); const g = ({ a = g({}) }) => a; g({})",
		"template":            "let t = 'x'; for (let i = 0; i < 99; i++) t = `${t}${t}`",
		"generator":           "function* g() { while (true) yield* g() }; [...g()]",
		"sorting":             "const l = Array.from({ length: 9999 }, (_, i) => -i); for (;;) l.sort((a, b) => a - b)",
		"JSON":                "let o = {}; for (;;) { o = { o }; JSON.stringify(o) }",
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			start := time.Now()
			found := Resolve(t.Context(), map[string][]byte{"index.js": []byte(head + source)})
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("it took %s", took)
			}
			runtime.ReadMemStats(&after)
			if grown := (after.TotalAlloc - before.TotalAlloc) >> 20; grown > 2048 {
				t.Errorf("%d MiB were allocated", grown)
			}
			if len(found.Routes) == 0 || found.Routes[0].Path != "/before" {
				t.Errorf("the route before it is lost: %v", found)
			}
			t.Logf("%s, %d MiB, %d routes", time.Since(start), (after.TotalAlloc-before.TotalAlloc)>>20, len(found.Routes))
		})
	}
}
