from flask import Flask

app = Flask(__name__)


@app.route("/users")
def users():
    """Users of the first service."""
    return []
