from flask import Blueprint

recipes = Blueprint("recipes", __name__)


@recipes.get("")
def list_recipes(dish_id): ...


@recipes.put("/<slug>/rating/<float(min=0):stars>")
def rate(dish_id, slug, stars):
    """Rates a recipe."""
