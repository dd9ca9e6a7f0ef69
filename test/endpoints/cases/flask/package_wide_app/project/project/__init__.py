from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)

from project.users.views import users_blueprint
from project.recipes.views import recipes_blueprint

app.register_blueprint(users_blueprint, url_prefix="/users")
app.register_blueprint(recipes_blueprint)
