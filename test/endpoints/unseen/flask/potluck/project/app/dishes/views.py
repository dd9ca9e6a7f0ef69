from app.dishes import dishes


@dishes.route("/")
def all_dishes():
    """Dishes."""


@dishes.route("/new", methods=["GET", "POST"])
def new_dish():
    """Announce a dish."""


@dishes.route("/<int:dish_id>", methods=["DELETE"])
def withdraw(dish_id):
    """
    Withdraw a dish

        Only the cook may.
    Others may ask.
    """
