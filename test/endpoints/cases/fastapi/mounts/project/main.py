from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.middleware.wsgi import WSGIMiddleware

from sub import admin, v1, v2

app = FastAPI()
app.mount("/static", StaticFiles(directory=".", check_dir=False), name="static")
app.mount("/v1", v1.app)
app.mount("/v2/", v2.app)
app.mount("/{tenant}/admin", admin.create())
app.mount("/legacy", WSGIMiddleware(lambda environ, start: []))


@app.get("/")
def home():
    pass
