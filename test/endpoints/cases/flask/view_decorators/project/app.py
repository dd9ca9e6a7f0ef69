from functools import wraps

from flask import Flask
from flask.views import MethodView


def careless(view):
    def wrapper(*args, **kwargs):
        """Not the view's."""
        return view(*args, **kwargs)
    wrapper.__name__ = view.__name__
    return wrapper


def careful(role):
    def decorator(view):
        @wraps(view)
        def wrapper(*args, **kwargs):
            """Never seen."""
            return view(*args, **kwargs)
        return wrapper
    return decorator


class Secure(MethodView):
    """Needs a role."""
    decorators = [careful("admin")]

    def get(self):
        """Read."""
        return ""

    @careful("owner")
    def put(self):
        """Write."""
        return ""

    @careless
    def post(self):
        """Lost."""
        return ""


app = Flask(__name__)
app.add_url_rule("/secure", view_func=Secure.as_view("secure"))
app.add_url_rule("/wrapped", view_func=careful("x")(Secure.as_view("wrapped")))


@app.route("/careless")
@careless
def one():
    """One."""
    return ""


@app.route("/careful")
@careful("user")
def two():
    """Two."""
    return ""


@app.route("/both", methods=["GET", "OPTIONS"])
@careful("user")
@careless
def three():
    """Three."""
    return ""
