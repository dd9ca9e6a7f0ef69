from flask import current_app as app


@app.route(app.config["UPPER"])
def here():
    """Here."""
    return ""
