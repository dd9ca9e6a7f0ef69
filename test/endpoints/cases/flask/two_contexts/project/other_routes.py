from flask import current_app


@current_app.route("/elsewhere")
def elsewhere():
    return ""
