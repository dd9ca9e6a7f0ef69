package fastapi

import (
	"context"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
)

// longest is how long a small program may take, on a busy machine.
const longest = 20 * time.Second

// FuzzResolve: no program crashes the resolver, hangs it, or makes more routes than are followed.
func FuzzResolve(f *testing.F) {
	for _, project := range cases.Of(f, "fastapi") {
		for name, source := range project.Files {
			if path.Ext(name) == ".py" && path.Base(name) == name {
				f.Add(string(source), "from main import *")
			}
		}
	}
	for _, bomb := range bombs {
		f.Add(bomb, "")
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		ctx, cancel := context.WithTimeout(context.Background(), longest)
		defer cancel()
		found := resolve(ctx, map[string][]byte{"main.py": []byte(first), "other.py": []byte(second)})
		if ctx.Err() != nil {
			t.Errorf("took more than %v", longest)
		}
		if len(found.Routes) > maxRoutes+1 {
			t.Errorf("found %d routes", len(found.Routes))
		}
		for _, made := range found.Routes {
			if len(made.Path) > maxPath {
				t.Errorf("a path of %d bytes", len(made.Path))
			}
		}
	})
}

// bombs are programs that make much of little.
var bombs = map[string]string{
	"routers that include each other": `
from fastapi import APIRouter, FastAPI
app, a, b = FastAPI(), APIRouter(), APIRouter()
@a.get("/x")
def x(): pass
for i in range(100):
    a.include_router(b, prefix="/b")
    b.include_router(a, prefix="/a")
    a.include_router(a)
app.include_router(a)
`,
	"applications that are mounted in themselves": `
from fastapi import FastAPI
app = FastAPI()
@app.get("/x")
def x(): pass
for i in range(10):
    app.mount("/%d" % i, app)
`,
	"prefixes that double": `
from fastapi import APIRouter, FastAPI
app, prefix, tags = FastAPI(), "/a", ["t"]
for i in range(40):
    prefix += prefix
    tags += tags
    router = APIRouter(prefix=prefix, tags=tags)
    router.add_api_route("/x", print, description=prefix)
    app.include_router(router, tags=tags)
`,
	"methods and dependencies without end": `
from fastapi import Depends, FastAPI
app = FastAPI()
def d(a=None): pass
d.__defaults__ = (Depends(d),)
def e(a=Depends(lambda b=Depends(d): 1), *c): pass
app.api_route("/" + "{x}" * 5000, methods=[str(i) for i in range(20000)], dependencies=[Depends(e)] * 5000)(e)
for r in app.routes:
    app.routes.append(r)
`,
}

func TestBombs(t *testing.T) {
	for name, source := range bombs {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), longest)
			defer cancel()
			found := resolve(ctx, map[string][]byte{"main.py": []byte(source)})
			size := 0
			for _, made := range found.Routes {
				size += len(made.Path) + len(strings.Join(made.Tags, "")) + len(made.Description) + len(made.Params)
			}
			if ctx.Err() != nil || len(found.Routes) > maxRoutes+1 || size > 64<<20 {
				t.Errorf("%d routes of %d bytes, %v", len(found.Routes), size, ctx.Err())
			}
		})
	}
}
