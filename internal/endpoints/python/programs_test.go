package python

// programs leave in r what is written beside them.
var programs = map[string]program{
	"after a long loop":     {"n = 0\nfor i in range(9000):\n    for j in range(9000):\n        n += 1\nr = 'there'", "'there'"},
	"default wins":          {"import x\np = '/a'\nif x.y:\n    p = '/b'\nr = p", "'/a'"},
	"else wins":             {"import x\nif x.y:\n    r = '/a'\nelse:\n    r = '/b'", "'/b'"},
	"returns nothing":       {"import x\ndef f():\n    if x.y:\n        return None\n    return None\nr = f()", "None"},
	"class scope":           {"x = 1\nclass A:\n    x = 2\n    y = x\n    def m(self): return x\nr = A().m(), A.y", "(1, 2)"},
	"spaced names":          {"import os . path as p\nfrom os . path import join\nr = p.join('a', 'b'), join('a', 'b')", "('a/b', 'a/b')"},
	"cached property":       {"from functools import cached_property\nclass A:\n    n = 0\n    @cached_property\n    def p(self):\n        self.n += 1\n        return [self.n]\na = A()\nr = a.p is a.p, a.p, A().p is a.p", "(True, [1], False)"},
	"cached by arguments":   {"from functools import lru_cache\n@lru_cache(maxsize=None)\ndef f(a, b=0): return [a, b]\nr = f(1) is f(1), f(1) is f(2), f(1, b=2) is f(1, b=2)", "(True, False, True)"},
	"singleton metaclass":   {"class M(type):\n    known = {}\n    def __call__(cls, *a):\n        if cls not in cls.known:\n            cls.known[cls] = super().__call__(*a)\n        return cls.known[cls]\nclass A(metaclass=M):\n    def __init__(self, x): self.x = x\nr = A(1) is A(2), A(3).x", "(True, 1)"},
	"attribute of a base":   {"import x, abc\nclass A(x.Base): pass\nclass B(metaclass=abc.ABCMeta): pass\nr = getattr(A, 'p', '/a'), getattr(A(), 'p', '/b'), getattr(B, 'p', None)", "('/a', '/b', None)"},
	"recursion too deep":    {"def f(n): return n if n > 150 else f(n + 1)\nr = f(100), f(0)", "?"},
	"large numbers":         {"r = 10 ** 12, 3 * 10 ** 12, (-2) ** 62, (-1) ** 5, (-1) ** 10 ** 18, 0 ** 9, 1 ** 10 ** 18", "(1000000000000, 3000000000000, 4611686018427387904, -1, 1, 0, 1)"},
	"the smallest number":   {"n = -9223372036854775807 - 1\na = [1]\na.insert(n, 0)\nr = '-x'.zfill(n), 'ab'.rjust(n), 'a' * n, [1] * n, [1, 2][::n], 'ab'[n:], a", "('-x', 'ab', '', [], [2], 'ab', [0, 1])"},
	"generic alias":         {"type A = str\ntype B[T] = list[T]\ntype C[T, E: Exception] = T | E\nr = A(1), 'B' in globals(), 'C' in globals()", "('1', True, True)"},
	"unpacking":             {"a, *b, (c, d) = 1, 2, 3, (4, 5)\nr = a, b, c, d", "(1, [2, 3], 4, 5)"},
	"splats":                {"class A: x = [3]\ndef f(*a): return list(a)\nr = [*f(1, 2), *A.x], [*A.x[:1]], (*A.x, 1), f(*A.x, *f(4))", "([1, 2, 3], [3], (3, 1), [3, 4])"},
	"metaclass":             {"class M(type):\n    all = []\n    def __new__(m, n, b, ns):\n        c = super().__new__(m, n, b, ns)\n        c.tag = n.lower()\n        m.all.append(n)\n        return c\nclass A(metaclass=M): pass\nclass B(A): pass\nr = A.tag, B.tag, M.all", "('a', 'b', ['A', 'B'])"},
	"iterator":              {"class I:\n    n = 0\n    def __iter__(self): return self\n    def __next__(self):\n        self.n += 1\n        if self.n > 3: raise StopIteration\n        return self.n\nr = list(I()), [x for x in I()]", "([1, 2, 3], [1, 2, 3])"},
	"raising getattr":       {"class A:\n    def __getattr__(self, n): raise AttributeError(n)\nr = hasattr(A(), 'x'), getattr(A(), 'y', 1)", "(False, 1)"},
	"slices":                {"r = 'hello'[1:-1], [1, 2, 3][::-1], (1, 2, 3)[-2:]", "('ell', [3, 2, 1], (2, 3))"},
	"chained comparison":    {"r = 1 < 2 <= 2 != 3, 1 < 3 < 2", "(True, False)"},
	"and, or, not":          {"r = [] or 'a', 0 and 1, not '', None or 0", "('a', 0, True, 0)"},
	"or with unknown":       {"import x\nr = x.flag() or '/api'", "'/api'"},
	"walrus":                {"if (n := 3) > 2:\n    r = n", "3"},
	"walrus comprehension":  {"[last := i for i in range(3)]\nr = last", "2"},
	"conditional":           {"r = 'a' if [] else 'b'", "'b'"},
	"augmented list":        {"a = b = []\na += [1]\nr = b", "[1]"},
	"dict merge":            {"r = {**{'a': 1}, 'b': 2} | {'c': 3}", "{'a': 1, 'b': 2, 'c': 3}"},
	"nested comprehension":  {"r = [(i, j) for i in range(3) for j in 'ab' if i == 2]", "[(2, 'a'), (2, 'b')]"},
	"f-string":              {"a, w = 'x', 5\nr = f'{a!r:>{w}}|{a=}|{{}}|{3:02d}|{1.5:.2f}'", `"  'x'|a='x'|{}|03|1.50"`},
	"format":                {"r = '{}/{name}/{0!r}'.format('p', name='q') if 0 else '{0}/{name:>3}/{d[k]}'.format('p', name='q', d={'k': 1})", "'p/  q/1'"},
	"percent":               {"r = '%s-%03d-%-3s|%%' % ('a', 7, 'b'), '%(x)s' % {'x': 1}", "('a-007-b  |%', '1')"},
	"string methods":        {"r = ' a,b '.strip().split(','), 'ab'.removeprefix('a'), 'a b'.title(), 'x-y'.partition('-')", "(['a', 'b'], 'b', 'A B', ('x', '-', 'y'))"},
	"escapes":               {`r = 'a\x41\u0042\n', r'\d', 'a' "b" '''c'''`, `('aAB\n', '\\d', 'abc')`},
	"unknown in f-string":   {"import x\nr = f'/a/{x.y}'", "unknown"},
	"closure":               {"def f():\n    n = 0\n    def g():\n        nonlocal n\n        n += 1\n        return n\n    g()\n    return g()\nr = f()", "2"},
	"global":                {"n = 1\ndef f():\n    global n\n    n = 2\nf()\nr = n", "2"},
	"parameters":            {"def f(a, /, b, *c, d=1, **e):\n    return a, b, c, d, e\nr = f(1, *[2, 3], **{'d': 4, 'z': 5})", "(1, 2, (3,), 4, {'z': 5})"},
	"keyword for default":   {"def f(a, b=2): return a, b\nr = f(b=1, a=0)", "(0, 1)"},
	"lambda":                {"r = (lambda x, *y, k=1: (x, y, k))(1, 2, k=3)", "(1, (2,), 3)"},
	"recursion":             {"def f(n): return 1 if n < 2 else n * f(n - 1)\nr = f(10)", "3628800"},
	"generator":             {"def f():\n    yield 1\n    yield from 'ab'\nr = list(f())", "[1, 'a', 'b']"},
	"decorators":            {"def d(p):\n    def w(f):\n        return lambda *a: p + f(*a)\n    return w\n@d('x')\n@d('y')\ndef f(s): return s\nr = f('z')", "'xyz'"},
	"wraps":                 {"import functools\ndef d(f):\n    @functools.wraps(f)\n    def w(*a): return f(*a)\n    return w\n@d\ndef f():\n    'doc'\nr = f.__name__, f.__doc__, f.__wrapped__.__name__", "('f', 'doc', 'f')"},
	"unknown decorator":     {"from x import y\n@y(1)\n@y.z\ndef f(): pass\nr = f", "function f"},
	"class decorator":       {"class D:\n    def __init__(self, f): self.f = f\n    def __call__(self, x): return self.f(x) + 1\n@D\ndef f(x): return x\nr = f(1)", "2"},
	"inheritance":           {"class A:\n    p = '/a'\n    def m(self): return self.p\nclass B(A):\n    p = A.p + '/b'\n    def m(self): return 'B' + super().m()\nr = B().m()", "'B/a/b'"},
	"diamond":               {"class O:\n    def m(self): return 'O'\nclass A(O):\n    def m(self): return 'A' + super().m()\nclass B(O):\n    def m(self): return 'B' + super().m()\nclass C(A, B): pass\nr = C().m()", "'ABO'"},
	"property":              {"class A:\n    @property\n    def p(self): return self.x\n    @p.setter\n    def p(self, v): self.x = v + 1\na = A()\na.p = 1\nr = a.p", "2"},
	"class and static":      {"class A:\n    @classmethod\n    def c(cls): return cls.__name__\n    @staticmethod\n    def s(x): return x\nclass B(A): pass\nr = B.c(), B().c(), A.s(1), A().s(2)", "('B', 'B', 1, 2)"},
	"init_subclass":         {"class A:\n    all = []\n    def __init_subclass__(cls, tag=None, **k):\n        A.all.append((cls.__name__, tag))\nclass B(A, tag='t'): pass\nr = A.all", "[('B', 't')]"},
	"subclasses":            {"class A: pass\nclass B(A): pass\nr = [c.__name__ for c in A.__subclasses__()]", "['B']"},
	"type":                  {"A = type('A', (), {'x': 1})\nr = A.x, A.__name__, type(A()).__name__, type('') is str", "(1, 'A', 'A', True)"},
	"descriptor":            {"class D:\n    def __set_name__(self, o, n): self.n = n\n    def __get__(self, i, o): return self.n\nclass A:\n    z = D()\nr = A().z", "'z'"},
	"getattr method":        {"class A:\n    def __getattr__(self, n): return 'got ' + n\nr = A().x", "'got x'"},
	"attributes":            {"class A: x = 1\nr = getattr(A, 'y', 'd'), hasattr(A, 'x'), hasattr(A(), 'y'), vars(A)['x']", "('d', True, False, 1)"},
	"singleton":             {"class S:\n    one = None\n    def __new__(cls):\n        if cls.one is None:\n            cls.one = super().__new__(cls)\n        return cls.one\nr = S() is S()", "True"},
	"enum":                  {"from enum import Enum, auto\nclass E(str, Enum):\n    A = 'a'\n    B = 'b'\nclass N(Enum):\n    X = auto()\n    Y = auto()\nr = E.A.value, E('b').name, [m.value for m in E], E.A == 'a', '/' + E.B, N.Y.value, E['A'].name, str(E.A)", "('a', 'B', ['a', 'b'], True, '/b', 2, 'A', 'E.A')"},
	"str enum":              {"from enum import StrEnum\nclass E(StrEnum):\n    A = 'a'\nr = f'{E.A}'", "'a'"},
	"dataclass":             {"from dataclasses import dataclass, field\n@dataclass\nclass D:\n    a: int\n    b: list = field(default_factory=list)\n    c: str = 'x'\nr = D(1).a, D(1, [2]).b, D(a=1, c='y').c, D(1) == D(1)", "(1, [2], 'y', True)"},
	"named tuples":          {"from typing import NamedTuple\nfrom collections import namedtuple\nclass P(NamedTuple):\n    a: int\n    b: str = 'q'\nQ = namedtuple('Q', 'x y')\nr = P(1).b, P(1)[0], Q(1, y=2).y", "('q', 1, 2)"},
	"settings":              {"from pydantic_settings import BaseSettings\nfrom pydantic import Field\nfrom functools import lru_cache\nclass S(BaseSettings):\n    V: str = '/v1'\n    n: str = Field('n', env='N')\n    l: list = Field(default_factory=lambda: [1])\n    secret: str\n    @property\n    def full(self): return self.V + '/x'\n@lru_cache()\ndef get(): return S()\nr = get().full, get().n, get().l, get() is get()", "('/v1/x', 'n', [1], True)"},
	"setting without value": {"from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    secret: str\nr = S().secret", "unknown"},
	"environment":           {"import os\nfrom decouple import config\nr = os.getenv('A', 'x'), os.environ.get('B'), config('C', default='1', cast=int), os.getenv('D') or 'd'", "('x', None, 1, 'd')"},
	"environment required":  {"import os\nr = os.environ['A']", "unknown"},
	"django-environ":        {"import environ\nenv = environ.Env(DEBUG=(bool, False))\nr = env('DEBUG'), env('X', default='y'), env.bool('Z', True)", "(False, 'y', True)"},
	"caught":                {"try:\n    {}['a']\nexcept KeyError as e:\n    r = 1\nelse:\n    r = 2", "1"},
	"raised in a call":      {"def f(): raise ValueError('x')\ntry:\n    f()\n    r = 0\nexcept (TypeError, ValueError) as e:\n    r = str(e)\nfinally:\n    r += '!'", "'x!'"},
	"raised by nobody":      {"r = 1\nif not []:\n    raise ValueError\nr = 2", "2"},
	"import error":          {"try:\n    from . import missing\n    r = 1\nexcept ImportError:\n    r = 2", "2"},
	"third party":           {"try:\n    import ujson as j\nexcept ImportError:\n    import json as j\nr = j", "external ujson"},
	"type checking":         {"from typing import TYPE_CHECKING\nr = 1\nif TYPE_CHECKING:\n    r = 2", "1"},
	"both branches":         {"import x\nr = []\nif x.y:\n    r.append(1)\nelif x.z:\n    r.append(2)\nelse:\n    r.append(3)", "[1, 2, 3]"},
	"known wins":            {"import x\nr = '/a'\nif x.y:\n    r = x.z()\nelse:\n    r = None", "'/a'"},
	"return may be":         {"import x\ndef f():\n    if x.y:\n        return None\n    return '/a'\nr = f()", "'/a'"},
	"return either":         {"import x\ndef f():\n    if x.y:\n        return '/a'\n    else:\n        return x.z()\nr = f()", "'/a'"},
	"unknown loop":          {"import x\nr = []\nfor i in x.y:\n    r.append('/a')", "['/a']"},
	"loops":                 {"r = 0\nfor i in range(10):\n    if i == 2: continue\n    if i == 5: break\n    r += i\nelse:\n    r = -1\nwhile r < 20:\n    r *= 2", "32"},
	"match":                 {"match ('a', 2):\n    case ('b', _):\n        r = 1\n    case ('a', n) if n > 1:\n        r = n\n    case _:\n        r = 3", "2"},
	"with":                  {"class C:\n    def __enter__(self): return 1\n    def __exit__(self, *a): pass\nwith C() as r: pass", "1"},
	"del":                   {"d = {'a': 1, 'b': 2}\ndel d['a']\nr = d", "{'b': 2}"},
	"functools":             {"from functools import partial, reduce\nr = partial(lambda a, b: a + b, 'x')('y'), reduce(lambda a, b: a * b, [1, 2, 3])", "('xy', 6)"},
	"itertools":             {"from itertools import chain, product\nr = list(chain([1], (2,))), list(product('a', [1, 2]))", "([1, 2], [('a', 1), ('a', 2)])"},
	"defaultdict":           {"from collections import defaultdict\nd = defaultdict(list)\nd['a'].append(1)\nr = dict(d)", "{'a': [1]}"},
	"builtins":              {"r = max([1, 3]), sum([1, 2]), sorted('ba'), list(zip('ab', [1, 2])), list(enumerate('a', 1)), any([0, 1]), all([1, 0]), list(map(str, [1]))", "(3, 3, ['a', 'b'], [('a', 1), ('b', 2)], [(1, 'a')], True, False, ['1'])"},
	"list methods":          {"r = [3, 1]\nr.append(2)\nr.sort()\nr.insert(0, 9)\nr.extend((7,))\nr.remove(1)\nr.pop()\nr.reverse()", "[3, 2, 9]"},
	"dict methods":          {"d = {'a': 1}\nd.update(b=2)\nd.setdefault('c', []).append(3)\nr = d.pop('a'), list(d.items()), d.get('x', 0)", "(1, [('b', 2), ('c', [3])], 0)"},
	"isinstance":            {"class A: pass\nclass B(A): pass\nr = isinstance(B(), A), isinstance('x', (int, str)), issubclass(B, A), isinstance([], dict)", "(True, True, True, False)"},
	"globals":               {"globals()['x'] = 1\nr = x, [k for k in globals() if k == 'x']", "(1, ['x'])"},
	"async":                 {"async def f(): return 1\nasync def g(): return await f()\nr = g()", "1"},
	"re.escape":             {"import re\nr = re.escape('a.b')", `'a\\.b'`},
	"regular expression":    {"import re\nr = re.sub(r'(?<!^)(?=[A-Z])', '_', 'OneTwo'), re.sub(r'([A-Z])', r'_\\1', 'aB')", "('One_Two', 'a_B')"},
	"broken line":           {"a = = 1\nr = 2\ndef f(:\n  pass\n", "2"},
	"line and call":         {"from web import line\nr = (\n    line(),\n    line())", "(3, 4)"},
	"mangled dict":          {"import x\nd = {'a': 1, **x.y}\nr = d['a'], d.get('b')", "?"},
	"nested class":          {"class A:\n    class Meta:\n        name = 'm'\n    items = ['a'] + [q for q in 'b']\nr = A.Meta.name, A().items", "('m', ['a', 'b'])"},
	"own dict":              {"class D(dict):\n    def twice(self, k): return self[k] * 2\nd = D(a=2)\nd['b'] = 3\nr = d.twice('a'), list(d), len(d)", "(4, ['a', 'b'], 2)"},
	"own list":              {"class L(list):\n    def add(self, x): self.append(x); return self\nr = list(L([1]).add(2))", "[1, 2]"},
}

// bombs are small programs that would take very long, all memory, or all of the stack.
var bombs = map[string]string{
	"string":                "s = 'x' * 10**18\nt = 10**18 * 'x'",
	"doubling":              "s = 'x'\nfor i in range(10000): s = s + s",
	"list doubling":         "a = [1]\nfor i in range(10000): a += a",
	"list repeated":         "a = [1] * 10**9",
	"f-string":              "s = 'x'\nfor i in range(1000): s = f'{s}{s}{s}'",
	"format width":          "s = f'{1:9999999999}'\nt = '%99999999d' % 1",
	"replace":               "s = 'a' * 1000\nfor i in range(50): s = s.replace('a', 'aaaaaaaaaa')",
	"join":                  "s = 'x' * 1000\nfor i in range(50): s = s.join([s] * 1000)",
	"power of minus one":    "for i in range(1000): x = (-1) ** 10**18",
	"power":                 "x = 2 ** 10**9\ny = 10 ** 10 ** 10\nz = 1 << 10**9",
	"while":                 "while True: pass",
	"nested loops":          "for a in range(10000):\n for b in range(10000):\n  for c in range(10000): pass",
	"recursion":             "def f(n): return f(n + 1) + f(n + 2)\nf(0)",
	"unknown recursion":     "import x\ndef f():\n    if x.y: f()\n    f()\n    f()\nf()",
	"mutual recursion":      "def f(): return g()\ndef g(): return f()\nf()",
	"recursive attribute":   "class A:\n    def __getattr__(self, n): return self.x\nA().y",
	"recursive property":    "class A:\n    @property\n    def p(self): return self.p\nA().p",
	"recursive repr":        "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
	"recursive bool":        "class A:\n    def __bool__(self): return not self\nif A(): pass",
	"recursive eq":          "class A:\n    def __eq__(self, o): return self == o\nA() == A()",
	"recursive decorator":   "def d(f): return d(f)\n@d\ndef f(): pass",
	"own list":              "a = []\na.append(a)\nrepr(a)\na == a\nb = []\nb.append(b)\na == b",
	"nested tuples":         "t = (1,)\nfor i in range(10000): t = (t, t)\nd = {t: 1}\nt == (t,)\nrepr(t)\nt < (t,)",
	"list of itself":        "a = [1]\nfor x in a: a.append(x)",
	"generator":             "def g():\n    while True: yield 1\nlist(g())\nnext(g())",
	"product":               "import itertools\na = list(itertools.product(range(1000), range(1000), range(1000)))",
	"range":                 "a = list(range(10**18))\nfor i in range(10**18): pass",
	"comprehension":         "a = [x for x in range(10000) for y in range(10000) for z in range(10000)]",
	"classes":               "for i in range(10000):\n    class A: pass\n    class B(A): pass\n",
	"class tower":           "class A: pass\nfor i in range(10000):\n    class A(A): pass\n",
	"type bombs":            "A = type('A', (), {})\nfor i in range(10000): A = type('A', (A,), {})",
	"external chain":        "import x\nfor i in range(100000): x = x.y()",
	"attributes":            "class A: pass\na = A()\nfor i in range(10000): setattr(a, 'x' * i, i)",
	"scope":                 "for i in range(10000): globals()['n%d' % i] = 'x' * 1000",
	"sum of lists":          "a = sum([[1] * 1000] * 1000, [])",
	"sorted":                "a = sorted([str(i) * 100 for i in range(10000)] * 4)",
	"split":                 "s = ('a,' * 100000).split(',')\nfor i in range(1000): t = ('a,' * 100000).split(',')",
	"deep comparison":       "a = []\nb = []\nfor i in range(10000):\n    a = [a, a]\n    b = [b, b]\na == b",
	"partial tower":         "from functools import partial\ndef f(*a): pass\nfor i in range(10000): f = partial(f, i)\nf()",
	"wraps tower":           "from functools import wraps\ndef f(): pass\nfor i in range(10000):\n    def g(*a): return f()\n    f = wraps(f)(g)\nf()",
	"deep order":            "a = [1] * 50\nb = [1] * 50\nfor i in range(18):\n    a = [a] * 50\n    b = [b] * 50\na < b\nsorted([a, b])\nmax(a, b)",
	"deep kinds":            "a = (int,) * 50\nfor i in range(18): a = (a,) * 50\nisinstance('x', a)",
	"many lambdas":          "a = [[lambda x=1: x for i in range(10000)] for j in range(10000)]",
	"many empty lists":      "a = [[[] for i in range(10000)] for j in range(10000)]",
	"names again":           "for i in range(10000): globals()['n%d' % i] = i\nfor i in range(10000): 'x' in globals(), len(globals()), list(globals())",
	"union":                 "import typing\nt = int\nfor i in range(10000): t = t | typing.Optional[t]",
	"format of format":      "s = '{' * 10000 + '}' * 10000\ns.format(1)\nt = '{:' * 5000 + '}' * 5000\nt.format(1)",
	"glob":                  "import glob\nglob.glob('**/' * 100 + '*')",
	"deep expression":       "x = " + nested("(", 3000) + "1" + nested(")", 3000),
	"deep lists":            "x = " + nested("[", 3000) + nested("]", 3000),
	"deep not":              "x = " + nested("not ", 5000) + "1",
	"deep attributes":       "x = a" + nested(".b", 5000),
	"deep calls":            "x = a" + nested("()", 5000),
	"deep additions":        "x = 1" + nested("+1", 20000),
	"deep blocks":           deepBlocks(300),
	"star":                  "def f(*a, **k): return f(*a, *a, **k)\nf(1)",
	"keywords":              "def f(**k): return f(**k, **{'x%d' % len(k): 1})\nf()",
	"dict growth":           "d = {}\nfor i in range(10000):\n    for j in range(10000): d[i, j] = 'x'",
	"environment recursion": "import main\nmain.x.y\nfrom main import *",
}

func nested(text string, times int) string {
	out := make([]byte, 0, len(text)*times)
	for range times {
		out = append(out, text...)
	}
	return string(out)
}

func deepBlocks(depth int) string {
	var out []byte
	for i := range depth {
		out = append(out, nested(" ", i)+"if 1:\n"...)
	}
	return string(out) + nested(" ", depth) + "pass"
}

// projects are programs of several files; what entry leaves in r is written beside them.
var projects = map[string]struct {
	files       map[string]string
	entry, want string
}{
	"relative": {map[string]string{
		"app/__init__.py": "", "app/main.py": "from .api import v1, name\nfrom .api.v1 import x as y\nfrom . import api\nr = v1.x, y, name, api.name",
		"app/api/__init__.py": "from .names import name", "app/api/v1.py": "from ..base import x", "app/api/names.py": "name = __name__", "app/base.py": "x = 1",
	}, "app/main.py", "(1, 1, 'app.api.names', 'app.api.names')"},
	"src layout": {map[string]string{
		"src/shop/__init__.py": "", "src/shop/a.py": "x = 1", "run.py": "from shop.a import x\nr = x",
	}, "run.py", "1"},
	"script beside modules": {map[string]string{"backend/main.py": "from routes import x\nr = x", "backend/routes.py": "x = 2", "routes.py": "x = 3"}, "backend/main.py", "2"},
	"two services": {map[string]string{
		"one/app/__init__.py": "", "one/app/c.py": "x = 1", "one/main.py": "from app.c import x\nr = x",
		"two/app/__init__.py": "", "two/app/c.py": "x = 2", "two/main.py": "from app.c import x\nr = x",
	}, "two/main.py", "2"},
	"namespace package": {map[string]string{"app/main.py": "from app.routers.a import x\nr = x", "app/routers/a.py": "x = 1"}, "app/main.py", "1"},
	"namesake folder":   {map[string]string{"main.py": "import redis\nr = redis", "redis/seed.py": "x = 1"}, "main.py", "external redis"},
	"framework folder":  {map[string]string{"fastapi/main.py": "from fastapi import FastAPI\nr = FastAPI"}, "fastapi/main.py", "external fastapi.FastAPI"},
	"star with all":     {map[string]string{"m.py": "__all__ = ['a', '_b']\na = 1\n_b = 2\nc = 3", "main.py": "from m import *\nr = [k for k in ('a', '_b', 'c') if k in globals()]"}, "main.py", "['a', '_b']"},
	"star without all":  {map[string]string{"m.py": "a = 1\n_b = 2", "main.py": "from m import *\nr = [k for k in ('a', '_b') if k in globals()]"}, "main.py", "['a']"},
	"cycle": {map[string]string{
		"app/__init__.py": "x = 1\nfrom app import b\ny = b.z", "app/b.py": "from app import x\nz = x + 1", "main.py": "import app\nr = app.y",
	}, "main.py", "2"},
	"entry of a cycle": {map[string]string{"app/__init__.py": "a = 'app'\nfrom app import routes", "app/routes.py": "from app import a\nr = a"}, "app/routes.py", "'app'"},
	"import_module": {map[string]string{
		"app/__init__.py": "", "app/p/__init__.py": "", "app/p/a.py": "n = 'a'", "app/p/b.py": "n = 'b'",
		"main.py": "import importlib, pkgutil\nimport app.p\nr = [importlib.import_module(f'app.p.{m.name}').n for m in pkgutil.iter_modules(app.p.__path__)] + [importlib.import_module('.a', package='app.p').n]",
	}, "main.py", "['a', 'b', 'a']"},
	"files": {map[string]string{
		"app/__init__.py": "", "app/p/a.py": "n = 'a'", "app/p/x.txt": "",
		"app/main.py": "import os\nfrom pathlib import Path\nr = sorted(f for f in os.listdir(os.path.join(os.path.dirname(__file__), 'p'))), [p.stem for p in Path(__file__).parent.glob('p/*.py')], Path(__file__).parents[1].exists()",
	}, "app/main.py", "(['a.py', 'x.txt'], ['a'], True)"},
	"environment file": {map[string]string{
		".env": "# comment\nexport PREFIX=/v2\nNAME=\"a b\" # c\nNUMBER=3\nX_HOST=h\n",
		"main.py": `import os
from dotenv import load_dotenv
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
class S(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_prefix="X_")
    host: str = "none"
    number: int = Field(1, env="NUMBER")
    other: str = "o"
first = os.getenv("PREFIX")
load_dotenv()
os.environ["SET"] = "s"
r = first, os.environ["PREFIX"], os.getenv("NAME", "x"), S().host, S().number, S().other, os.environ.get("SET"), "NONE" in os.environ
`,
	}, "main.py", "(None, '/v2', 'a b', 'h', 3, 'o', 's', False)"},
	"JSON file": {map[string]string{
		"conf/a.json": `{"prefix": "/v1", "n": [1, 2.5, true, null, {"b": "c"}]}`, "conf/names.txt": "one\ntwo\n",
		"main.py": `import json
from pathlib import Path
here = Path(__file__).parent
with open(here / "conf/a.json", encoding="utf-8") as f:
    conf = json.load(f)
r = conf["prefix"], conf["n"], json.loads((here / "conf" / "a.json").read_text())["prefix"], [l.strip() for l in open("conf/names.txt")]
`,
	}, "main.py", "('/v1', [1, 2.5, True, None, {'b': 'c'}], '/v1', ['one', 'two'])"},
	"main of a folder": {map[string]string{"__main__.py": "r = 1\nif __name__ == '__main__':\n    r = 2"}, "__main__.py", "1"},
	"getmembers":       {map[string]string{"m.py": "class A: pass\nclass B: pass\nx = 1", "main.py": "import inspect, m\nr = [n for n, _ in inspect.getmembers(m, inspect.isclass)]"}, "main.py", "['A', 'B']"},
	"missing module":   {map[string]string{"app/__init__.py": "", "app/m.py": "from .nope import x\nr = x"}, "app/m.py", "unknown"},
	"submodule as attribute": {map[string]string{
		"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": "x = 1", "main.py": "import a.b.c\nr = a.b.c.x",
	}, "main.py", "1"},
}
