from flask import Blueprint

dishes = Blueprint("dishes", __name__, template_folder="templates")

from .recipes import recipes  # noqa: E402
from . import views  # noqa: E402,F401

dishes.register_blueprint(recipes, url_prefix="/<int:dish_id>/recipes")
