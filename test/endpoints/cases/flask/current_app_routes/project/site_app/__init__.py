from flask import Flask
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()


def init_app():
    app = Flask(__name__, instance_relative_config=False)
    db.init_app(app)

    with app.app_context():
        from . import routes
        from .extra import make
        app.register_blueprint(make())
        db.create_all()
        return app
