import os

from flask import Flask, Blueprint

pages = Blueprint("pages", __name__)


@pages.route("/page/<int:number>")
def page(number):
    """A page."""
    return str(number)


def build(settings):
    server = Flask(__name__)
    server.config.update(settings)
    server.register_blueprint(pages, url_prefix=settings["PREFIX"])
    return server


if __name__ == "__main__":
    service = build({"PREFIX": "/guarded"})
    service.run(port=int(os.environ.get("PORT", 8080)))
