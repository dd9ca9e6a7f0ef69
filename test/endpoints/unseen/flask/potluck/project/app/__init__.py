import logging

from flask import Flask
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.config.from_mapping(SECRET_KEY="x", UPLOADS="/uploads")
app.wsgi_app = ProxyFix(app.wsgi_app)
db = SQLAlchemy(app)
migrate = Migrate(app, db)
login = LoginManager(app)

if not app.debug:
    app.logger.setLevel(logging.INFO)

from app import routes, models, errors, feeds  # noqa: E402,F401
from app.dishes import dishes  # noqa: E402

app.register_blueprint(dishes, url_prefix="/dishes")
