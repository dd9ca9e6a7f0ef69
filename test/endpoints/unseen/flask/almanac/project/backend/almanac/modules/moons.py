from flask import Blueprint, jsonify

from ..auth import needs


def make_blueprint(version):
    moons = Blueprint("moons", __name__, url_prefix="/moons")

    @moons.get("/")
    def index():
        """All moons"""
        return jsonify([])

    @moons.route("/<name>", methods=["GET", "PUT"])
    @needs("write")
    def moon(name):
        """One moon.

        Version 2 knows its mass.
        """
        return jsonify({})

    if version == "v2":

        @moons.get("/<name>/mass")
        def mass(name): ...

    return moons
