import os

from app import create_app

app = create_app(os.getenv("FLASK_CONFIG") or "production")


@app.shell_context_processor
def shell():
    return {}


@app.cli.command()
def test():
    """Run the tests."""
