from flask import Flask

app = Flask(__name__)


@app.route("/only-for-developers")
def only():
    return ""
