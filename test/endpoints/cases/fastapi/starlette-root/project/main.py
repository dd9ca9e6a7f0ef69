from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app = FastAPI(routes=[Route("/plain", lambda request: PlainTextResponse("x"))])


@app.route("/starlette", methods=["GET", "POST"])
def starlette(request):
    """Not in the document."""


app.add_route("/added", starlette)


@app.get("/known")
def known_one():
    pass
