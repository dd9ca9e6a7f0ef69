from flask import Flask, Blueprint, render_template
from flask_login import LoginManager, login_required, current_user
from flask_jwt_extended import JWTManager, jwt_required
from flask_limiter import Limiter
from flask_caching import Cache
from flasgger import Swagger, swag_from
from marshmallow import Schema, fields

app = Flask(__name__)
login_manager = LoginManager(app)
limiter = Limiter(key_func=lambda: "x")
limiter.init_app(app)
cache = Cache(config={"CACHE_TYPE": "simple"})
cache.init_app(app)
jwt = JWTManager(app)
Swagger(app)

api = Blueprint("api", __name__, url_prefix="/api")


class ItemSchema(Schema):
    name = fields.Str()


@login_manager.user_loader
def load_user(user_id):
    return None


@app.route("/profile")
@login_required
def profile():
    """The user's profile."""
    return render_template("profile.html", user=current_user)


@api.route("/items", methods=["POST"])
@jwt_required()
@limiter.limit("5 per minute")
def add_item():
    """Add an item.
    ---
    tags:
      - items
    responses:
      200:
        description: done
    """
    return ItemSchema().dump({})


@api.route("/items")
@cache.cached(timeout=50)
@swag_from("items.yml")
def items():
    return []


@api.route("/admin")
@jwt_required
@limiter.exempt
def admin():
    """Administration."""
    return ""


app.register_blueprint(api)
limiter.limit("10/day")(api)
