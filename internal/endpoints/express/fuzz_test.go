package express

import (
	"context"
	"strings"
	"testing"
	"time"
)

// FuzzResolve looks for programs that crash or hold up the resolver, and for rows that are none.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{
		"const app = require('express')(); app.get('/x/:id', (req, res) => {}); app.listen(1)",
		"import express, { Router } from 'express'; const a = express(); const r = Router(); r.route('/').get(f).post(g); a.use('/api', r); export default a",
		"const e = require('express'), a = e(), r = e.Router(); r.use('/again', r); a.use(['/a', '/b'], [[r]]); a.use(a); r.all('*', x)",
		"class A { constructor() { this.app = require('express')(); this.init() } init() { for (const p of ['/a', `/${b}`]) this.app.get(p, this.h) } }; new A()",
		"/** @swagger\n * /a:\n *   get:\n *     tags: [x]\n */\nrequire('express')().get('/a', (q, s) => {})",
		"let s = 'x'; while (true) s += s; const l = [1]; while (true) l.push(...l); require('express')().get(s, l)",
		"const f = x => f(f(x)); f(require('express')().get(/^\\/a$/, f))",
		"const e=require('express')();for(;;)e.get('/'+Math.random(),e)",
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
			found := Resolve(ctx, map[string][]byte{name: []byte(source), "other.js": []byte("module.exports = require('./index')")})
			for _, r := range found.Routes {
				if !strings.HasPrefix(r.Path, "/") || r.Method == "" || r.File == "" {
					t.Errorf("%+v is no row", r)
				}
			}
		}
		if ctx.Err() != nil {
			t.Error("it took longer than 20 s")
		}
	})
}
