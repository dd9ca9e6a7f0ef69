from . import main


@main.route("/posts/<int:id>", methods=["GET", "POST"])
def post(id):
    """A post."""
    return ""
