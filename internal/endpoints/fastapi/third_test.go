package fastapi

import (
	"testing"

	"github.com/codebegen/preview-operator/test/endpoints/cases"
	"github.com/codebegen/preview-operator/test/endpoints/score"
)

// TestThirdParty: packages that are not there when a case's truth is made. What is wanted was read in their sources.
func TestThirdParty(t *testing.T) {
	for name, test := range map[string]struct {
		source string
		want   []score.Row
	}{
		"prometheus": {`
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator
app = FastAPI()
Instrumentator().instrument(app).expose(app, tags=["ops"])
`, []score.Row{cases.Row("GET", "/metrics", "Metrics", "Endpoint that serves Prometheus metrics.", "ops")}},
		"users": {`
from fastapi import FastAPI
from fastapi_users import FastAPIUsers
from fastapi_users.authentication import AuthenticationBackend
app = FastAPI()
backend = AuthenticationBackend(name="jwt", transport=None, get_strategy=None)
users = FastAPIUsers[int, int](None, [backend])
app.include_router(users.get_auth_router(backend), prefix="/auth", tags=["auth"])
app.include_router(users.get_verify_router(int), prefix="/auth")
`, []score.Row{
			cases.Row("POST", "/auth/login", "Auth:Jwt.Login", "", "auth"),
			cases.Row("POST", "/auth/logout", "Auth:Jwt.Logout", "", "auth"),
			cases.Row("POST", "/auth/request-verify-token", "Verify:Request-Token", ""),
			cases.Row("POST", "/auth/verify", "Verify:Verify", ""),
		}},
		"class-based views": {`
from fastapi import FastAPI
from fastapi_utils.cbv import cbv
from fastapi_utils.inferring_router import InferringRouter
app, router = FastAPI(), InferringRouter(prefix="/a")
@router.get("/first")
def first(): pass
@cbv(router)
class Items:
    @router.get("/items")
    def list_items(self):
        """Lists."""
@router.get("/last")
def last(): pass
app.include_router(router)
`, []score.Row{
			cases.Row("GET", "/a/first", "First", ""),
			cases.Row("GET", "/a/items", "Items.List Items", "Lists."),
			cases.Row("GET", "/a/last", "Last", ""),
		}},
		"versions": {`
from fastapi import FastAPI
from fastapi_versioning import VersionedFastAPI, version
app = FastAPI()
@app.get("/x")
@version(1, 0)
def x(): pass
@app.get("/y")
@version(1, 1)
def y(): pass
app = VersionedFastAPI(app, enable_latest=True)
`, []score.Row{
			cases.Row("GET", "/latest/x", "X", ""), cases.Row("GET", "/latest/y", "Y", ""),
			cases.Row("GET", "/v1_0/x", "X", ""), cases.Row("GET", "/v1_1/x", "X", ""), cases.Row("GET", "/v1_1/y", "Y", ""),
		}},
		"graphql": {`
from fastapi import FastAPI
from strawberry.fastapi import GraphQLRouter
app = FastAPI()
app.include_router(GraphQLRouter(object), prefix="/graphql")
`, []score.Row{
			cases.Row("GET", "/graphql", "Handle Http Get", ""), cases.Row("POST", "/graphql", "Handle Http Post", ""),
			cases.Row("WEBSOCKET", "/graphql", "Websocket Endpoint", ""),
		}},
		"crud": {`
from fastapi import FastAPI
from fastapi_crudrouter import MemoryCRUDRouter
class Potato: pass
app = FastAPI()
app.include_router(MemoryCRUDRouter(schema=Potato, delete_all_route=False, get_one_route=False, update_route=False, delete_one_route=False))
`, []score.Row{cases.Row("GET", "/potato", "Get All", "", "Potato"), cases.Row("POST", "/potato", "Create One", "", "Potato")}},
	} {
		t.Run(name, func(t *testing.T) {
			cases.Check(t, test.want, resolve(t.Context(), map[string][]byte{"main.py": []byte(test.source)}))
		})
	}
}
