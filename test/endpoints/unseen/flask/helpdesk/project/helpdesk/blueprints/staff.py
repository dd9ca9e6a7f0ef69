from flask import Blueprint

staff = Blueprint("staff", __name__, url_prefix="/staff")


@staff.get("/")
def everybody():
    """Who works here."""


@staff.route("/<login>", methods={"GET"})
def one(login): ...


@staff.put("/<login>/shift")
def shift(login):
    """Changes a shift."""
