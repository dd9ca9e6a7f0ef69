from flask import Blueprint, abort
from app.extensions import db
from app.models import User

blueprint = Blueprint("users", __name__, url_prefix="/users", template_folder="templates", static_folder="static")


@blueprint.route("/")
def index():
    """All users."""
    return User.query.filter_by(active=True).order_by(User.name.desc()).all()


@blueprint.route("/<int:user_id>/edit", methods=["GET", "POST"])
def edit(user_id):
    user = User.query.get_or_404(user_id) or abort(404)
    db.session.commit()
    return user.name
