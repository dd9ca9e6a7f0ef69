import flask
from werkzeug.routing import BaseConverter

app = flask.Flask(__name__)


class ListConverter(BaseConverter):
    def to_python(self, value):
        return value.split(",")


app.url_map.converters["list"] = ListConverter
app.url_map.strict_slashes = False
app.add_url_rule("/by-endpoint", endpoint="named")


@app.endpoint("named")
def some_function():
    """Named elsewhere."""
    return ""


@app.route("/many/<list:ids>")
def many(ids):
    return ""


@app.route("/any/<any(small, large):size>/<any('a,b','c>d'):odd>" if False else "/any/<any(small, large):size>")
def sizes(size):
    return size


@app.route("/float/<float(signed=True):x>", endpoint="floats")
def numbers(x):
    return ""


def view():
    """A view without a decorator."""
    return ""


app.add_url_rule("/plain", "plain", view)
app.add_url_rule("/head", "head", view, methods=["HEAD", "GET"])
app.add_url_rule("/users/", defaults={"page": 1}, view_func=view, endpoint="users")
app.add_url_rule("/users/page/<int:page>", view_func=view, endpoint="users")
app.add_url_rule("/twice", "twice", view)


@app.route("/twice", methods=["GET", "POST"])
def twice_again():
    """Answers only POST."""
    return ""
