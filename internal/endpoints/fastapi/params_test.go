package fastapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/route"
)

// TestParams: what a request can carry, bodies left out.
func TestParams(t *testing.T) {
	const source = `
from enum import Enum
from typing import Annotated, List, Optional
from uuid import UUID
from fastapi import Body, Depends, FastAPI, Header, Path, Query, Request
from pydantic import BaseModel

class Kind(str, Enum):
    a = "a"

class Item(BaseModel):
    name: str

class Page:
    def __init__(self, offset: int = 0): pass

def token(x_token: str = Header(...), cookie: Optional[str] = None): return x_token

def guard(t: str = Depends(token), cycle=Depends(lambda q=1: q)): pass

app = FastAPI(dependencies=[Depends(guard)])

@app.get("/{id}/{kind}/{rest:path}")
def f(request: Request, id: int, kind: Kind, rest, item: Item, u: UUID, page: Page = Depends(), limit: int | None = None,
      names: List[str] = Query([], alias="name"), flag: Annotated[bool, Query()] = False, text: str = Body(""),
      n: Annotated[float, Path()] = 1, *args, **kwargs): pass
`
	found := resolve(t.Context(), map[string][]byte{"main.py": []byte(source)})
	if len(found.Routes) != 1 {
		t.Fatalf("found %d routes, want 1: %v", len(found.Routes), found.Diagnostics)
	}
	want := []route.Param{
		{Name: "id", In: "path", Type: "integer", Required: true},
		{Name: "kind", In: "path", Type: "string", Required: true},
		{Name: "rest", In: "path", Type: "string", Pattern: "path", Required: true},
		{Name: "u", In: "query", Type: "string", Required: true},
		{Name: "offset", In: "query", Type: "integer"},
		{Name: "limit", In: "query", Type: "integer"},
		{Name: "name", In: "query", Type: "array"},
		{Name: "flag", In: "query", Type: "boolean"},
		{Name: "x-token", In: "header", Type: "string", Required: true},
		{Name: "cookie", In: "query", Type: "string"},
		{Name: "q", In: "query"},
	}
	if diff := cmp.Diff(want, found.Routes[0].Params); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
}
