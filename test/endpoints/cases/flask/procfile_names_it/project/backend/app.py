from flask import Flask

app = Flask(__name__)


@app.route("/prototype")
def prototype():
    return ""
