from flask import Flask, Blueprint

app = Flask(__name__)
API = "/api"
VERSION = 2


def simple(name):
    def view():
        return name
    view.__name__ = name
    view.__doc__ = f"Shows {name}."
    return view


for page in ["about", "contact"]:
    app.add_url_rule("/" + page, page, simple(page))

ROUTES = [
    ("/cats", "cats", ["GET"]),
    ("/dogs", "dogs", ["GET", "POST"]),
]
bp = Blueprint("pets", __name__)
for rule, endpoint, methods in ROUTES:
    bp.add_url_rule(rule, endpoint=endpoint, view_func=simple(endpoint), methods=methods)
app.register_blueprint(bp, url_prefix=f"{API}/v{VERSION}")

handlers = {"start": lambda: "on", "stop": lambda: "off"}
for key, handler in handlers.items():
    app.add_url_rule("{}/machine/{}".format(API, key), key, handler, methods={"POST"})

RULES = dict(home="/home", away="/away")
app.add_url_rule(RULES["home"], view_func=simple("home"))
app.add_url_rule("%s/%s" % (API, "done"), view_func=simple("done"), defaults={"x": 1})
