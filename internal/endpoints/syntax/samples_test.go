package syntax

// samples has some of every language's constructs.
var samples = map[Language]string{
	Python: `"""Books."""
from __future__ import annotations
from . import models as m
from app.core import (settings, *)

@router.get(f"{settings.API!r:>{width}}/books/{{id}}", tags=["a", *rest], **extra)
async def read(id: int = Path(..., ge=1), /, *args: str, k: list[int] | None = None, **kw) -> dict[str, "Book"]:
    '''Read.'''
    if (n := len(args)) > 1 and not k or n in {1, 2}:
        raise HTTPException(404) from None
    elif n is None: pass
    else:
        return {**kw, "x": [a for a, *b in c if a async for d in e], "y": lambda x, *y: (yield x)}
    match k:
        case [1, *others] if others: del k[1:-1:2]
        case Book(title="ä\N{BULLET}\x41" r'\d+' b"bytes"): ...
        case _: assert False, "no"
    try:
        async with open(a) as f, g: await f
    except* (ValueError, OSError) as e:
        global z; z = 1_000.5e-3j + 0xFF @ ~b ** -c // d << 2
    finally:
        while True: break
class Book[T](Base, metaclass=Meta):
    title: str = "a" "b" % c
    type X = int
	# tab
    def __init__(self): super().__init__(); print >>f, 1
`,
	JavaScript: `#!/usr/bin/env node
'use strict';
import express, { Router as R, default as d } from 'express';
export * as all from "./a.js"; export default class A extends B { #x = 1; static async *m(a = {}, ...r) { yield* r; } get y() { return this.#x?.z?.[0] ?? null } }
const { a, b: { c = 1 }, ...rest } = require(` + "`./${name}/${`x${y}`}.js`" + `);
/** Lists. @tag x */
app.route('/x/:id(\\d+)?').get(async (req, res) => { await res.json({ ...a, [k]: 1, f() {}, 'q': /[/\]]+/gi.test(s) }) }).post(mw, h);
for (const [k, v] of Object.entries(t)) for (let i = 0, j; i < 5; i++) { if (a) continue; else break; }
label: switch (x) { case 1: default: throw new Error('ä\u{1F600}'); }
try { a = b ? c : d; a ||= 1n ** 2n } catch { void 0 } finally { delete a.b }
var e = <div className="a" {...p}>{x}<br/></div>, f = function* () {}, g = async x => x;
if (1) ; do { } while (typeof x === 'y' || !(x instanceof Y) && 0b1 >>> 2)
`,
	TypeScript: `import type { A } from './a'; import b = require('b'); export = b;
enum Color { Red = 'red', Blue = 1 << 2 } declare module 'm' { interface I<T extends keyof A = never> { readonly [k: string]: T | undefined; m?(): asserts x is A } }
abstract class C<T> extends D<T> implements I { constructor(private readonly s: S, @Inject() public t?: T) { super() } @Get('/x') abstract get(): Promise<void>; declare x: unique symbol; }
type F = { [K in keyof A]?: A[K] extends infer U ? U : never } & typeof import('x'); const x = <any>y as const satisfies Z; let v!: string = z!;
function f(this: Window, a: [x: number, ...rest: string[]], b?: ` + "`${A}-b`" + `): a is string { return a!.b }
export default async <T,>(app: Express): Promise<void> => { app.use<T>('/a', (await import('./r')).default) }
namespace N.M { export const a = 1 } function g(a: number): void; export abstract class E {}
`,
	TSX: `const A = <T,>({ a, ...p }: P<T>): JSX.Element => <><B<T> x={a!} {...p}>text &amp; {/* c */}{a as any}</B><c-d.e:f /></>;
export default A satisfies FC;
`,
}
