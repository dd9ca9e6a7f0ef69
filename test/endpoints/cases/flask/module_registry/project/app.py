from flask import Flask
from registry import Router

app = Flask(__name__)
router = Router(prefix="/r")


@router.route("/x", methods=["GET"])
def x():
    """X."""
    return ""


@router.post("/y/<int:n>")
def y(n):
    """Y."""
    return ""


router.mount(app)
