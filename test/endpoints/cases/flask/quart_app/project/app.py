from quart import Blueprint, Quart, websocket
from quart.views import MethodView

app = Quart(__name__)
bp = Blueprint("chat", __name__, url_prefix="/chat")


@app.get("/")
async def index():
    """Start."""
    return ""


@bp.route("/rooms", methods=["GET", "POST"])
async def rooms():
    """Rooms.

    Open or new.
    """
    return []


class Room(MethodView):
    async def get(self, name):
        """One room."""
        return name


bp.add_url_rule("/rooms/<name>", view_func=Room.as_view("room"))
app.register_blueprint(bp)
