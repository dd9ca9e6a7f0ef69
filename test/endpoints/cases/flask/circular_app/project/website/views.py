from website import app


@app.route("/")
@app.route("/index")
def index():
    """Start."""
    return ""
