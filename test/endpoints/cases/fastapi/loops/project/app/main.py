from fastapi import FastAPI

from app import endpoints

app = FastAPI()

ROUTERS = [
    (endpoints.a.router, "/a", ["A"]),
    (endpoints.b.router, "/b", ["B"]),
]

for router, prefix, tags in ROUTERS:
    app.include_router(router, prefix=prefix, tags=tags)

for name, router in {"c": endpoints.c.router}.items():
    app.include_router(router=router, prefix="/" + name)

[app.include_router(r, prefix="/again") for r in (endpoints.a.router,)]

for n in range(1, 4):
    @app.get(f"/number/{n}", name=f"number_{n}")
    def number(n=n):
        """A number."""
