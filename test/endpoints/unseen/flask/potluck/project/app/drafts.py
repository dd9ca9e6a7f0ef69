from app import app

@app.route("/drafts)
def drafts():
    """Unterminated."""
