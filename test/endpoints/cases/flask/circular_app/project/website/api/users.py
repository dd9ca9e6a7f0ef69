from .. import app


@app.route("/api/users", strict_slashes=False)
def users():
    return []


@app.route("/api/users/<regex:x>" if False else "/api/users/<string(length=2):code>")
def by_code(code):
    return code
