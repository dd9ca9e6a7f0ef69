package fastapi

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/codebegen/preview-operator/internal/endpoints/python"
)

// TestThirdParty: packages that are not there when a case's truth is made. What is wanted was read in their sources.
func TestThirdParty(t *testing.T) {
	none := []string{}
	for name, test := range map[string]struct {
		source string
		want   []row
	}{
		"prometheus": {`
from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator
app = FastAPI()
Instrumentator().instrument(app).expose(app, tags=["ops"])
`, []row{{"GET", "/metrics", "Metrics", "Endpoint that serves Prometheus metrics.", []string{"ops"}}}},
		"users": {`
from fastapi import FastAPI
from fastapi_users import FastAPIUsers
from fastapi_users.authentication import AuthenticationBackend
app = FastAPI()
backend = AuthenticationBackend(name="jwt", transport=None, get_strategy=None)
users = FastAPIUsers[int, int](None, [backend])
app.include_router(users.get_auth_router(backend), prefix="/auth", tags=["auth"])
app.include_router(users.get_verify_router(int), prefix="/auth")
`, []row{
			{"POST", "/auth/login", "Auth:Jwt.Login", "", []string{"auth"}},
			{"POST", "/auth/logout", "Auth:Jwt.Logout", "", []string{"auth"}},
			{"POST", "/auth/request-verify-token", "Verify:Request-Token", "", none},
			{"POST", "/auth/verify", "Verify:Verify", "", none},
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
`, []row{
			{"GET", "/a/first", "First", "", none},
			{"GET", "/a/items", "Items.List Items", "Lists.", none},
			{"GET", "/a/last", "Last", "", none},
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
`, []row{
			{"GET", "/latest/x", "X", "", none}, {"GET", "/latest/y", "Y", "", none},
			{"GET", "/v1_0/x", "X", "", none}, {"GET", "/v1_1/x", "X", "", none}, {"GET", "/v1_1/y", "Y", "", none},
		}},
		"graphql": {`
from fastapi import FastAPI
from strawberry.fastapi import GraphQLRouter
app = FastAPI()
app.include_router(GraphQLRouter(object), prefix="/graphql")
`, []row{
			{"GET", "/graphql", "Handle Http Get", "", none}, {"POST", "/graphql", "Handle Http Post", "", none},
			{"WEBSOCKET", "/graphql", "Websocket Endpoint", "", none},
		}},
		"crud": {`
from fastapi import FastAPI
from fastapi_crudrouter import MemoryCRUDRouter
class Potato: pass
app = FastAPI()
app.include_router(MemoryCRUDRouter(schema=Potato, delete_all_route=False, get_one_route=False, update_route=False, delete_one_route=False))
`, []row{{"GET", "/potato", "Get All", "", []string{"Potato"}}, {"POST", "/potato", "Create One", "", []string{"Potato"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			found := Resolve(context.Background(), python.NewProject(context.Background(), map[string][]byte{"main.py": []byte(test.source)}))
			if diff := cmp.Diff(test.want, rowsOf(found)); diff != "" {
				t.Errorf("want (-), got (+):\n%s\n%v", diff, found.Diagnostics)
			}
		})
	}
}
