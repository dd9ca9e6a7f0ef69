from flask import Flask

app = Flask(__name__)


@app.route("/only")
def only():
    return ""


@app.before_request
def before():
    pass


def helper():
    @app.route("/never-called")
    def never():
        return ""
