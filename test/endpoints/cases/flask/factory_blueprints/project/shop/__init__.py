from flask import Flask


def create_app(config=None):
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="dev")
    if config:
        app.config.update(config)

    from . import auth, catalog
    app.register_blueprint(auth.bp)
    app.register_blueprint(catalog.bp, url_prefix="/catalog")

    @app.route("/healthz")
    def health():
        """Liveness."""
        return {"ok": True}

    return app
