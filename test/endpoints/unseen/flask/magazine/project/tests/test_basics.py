from flask import Flask

app = Flask(__name__)


@app.route("/only-in-tests")
def only():
    return ""
