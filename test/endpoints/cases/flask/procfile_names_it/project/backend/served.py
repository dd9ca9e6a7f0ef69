from flask import Flask

application = Flask(__name__)


@application.route("/served")
def served():
    """This one is served."""
    return ""
