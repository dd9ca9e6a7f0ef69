package javascript

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Settings that a package checks have the defaults that are given to it.
func TestSchemas(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []string
	}{
		"zod": {
			"import { z } from 'zod'; const s = z.object({ P: z.string().min(1).default('/api').transform(v => v + '/v1'), N: z.coerce.number().default(3), X: z.string() }); const e = s.parse(process.env); note(e.P, e.N, e.X || 'none')",
			[]string{"/api/v1", "3", "none"},
		},
		"zod, carefully": {
			"import z from 'zod'; const r = z.object({ A: z.string() }).extend({ P: z.enum(['a', 'b']).optional().default('a') }).safeParse(process.env); if (!r.success) { note('exit'); process.exit(1) } note(r.data.P)",
			[]string{"a"},
		},
		"zod, nested, of another schema": {
			"import * as z from 'zod'; const inner = z.object({ p: z.string().default('x') }); const s = z.object({ a: inner }).merge(z.object({ b: z.number().default(() => 2) })); const v = s.parse({ a: {} }); note(v.a.p, v.b)",
			[]string{"x", "2"},
		},
		"zod, what is given counts":     {"const { z } = require('zod'); note(z.object({ a: z.string().default('d') }).parse({ a: 'given' }).a)", []string{"given"}},
		"zod, of what is not known":     {"const { z } = require('zod'); const r = z.object({ a: z.string() }).safeParse(require('other')); note(r.success, r.data)", []string{"?", "?"}},
		"zod, what is not known of it":  {"const { z } = require('zod'); note(z.lazy(() => 1), z.string().openapi({}))", []string{"?", "?"}},
		"a schema is not changed":       {"const { z } = require('zod'); const s = z.string(); const d = s.default('d'); note(s.parse(undefined), d.parse(undefined))", []string{"undefined", "d"}},
		"joi":                           {"const Joi = require('joi'); const { value, error } = Joi.object().keys({ P: Joi.string().default('/j').description('x'), Q: Joi.string().required() }).unknown().prefs({}).validate(process.env); if (error) throw new Error('x'); note(value.P, !value.Q)", []string{"/j", "true"}},
		"envalid":                       {"import { cleanEnv, str, port } from 'envalid'; const e = cleanEnv(process.env, { P: str({ default: '/e' }), D: str({ devDefault: 'dev' }), N: port() }); note(e.P, e.D, e.N || 'none', e.isProduction)", []string{"/e", "dev", "none", "?"}},
		"t3-env":                        {"import { createEnv } from '@t3-oss/env-core'; import { z } from 'zod'; const e = createEnv({ server: { P: z.string().default('/t') }, runtimeEnv: process.env }); note(e.P)", []string{"/t"}},
		"a schema of itself, of itself": {"const { z } = require('zod'); const s = {}, v = {}; for (let i = 0; i < 50; i++) { s['k' + i] = z.object(s); v['k' + i] = v } z.object(s).parse(v); note('end')", nil},
	} {
		t.Run(name, func(t *testing.T) {
			notes, in := results(t.Context(), map[string]string{"index.ts": "import note from 'notes'; " + test.source}, "index.ts")
			if name == "a schema of itself, of itself" && !in.Exhausted() {
				t.Error("all of it was looked at")
			}
			if diff := cmp.Diff(test.want, notes); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
