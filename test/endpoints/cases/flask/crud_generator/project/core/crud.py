from flask import Blueprint, jsonify, request
from flask.views import MethodView


class CrudView(MethodView):
    model = None
    schema = None

    def get(self, pk=None):
        """Read."""
        return jsonify([])

    def post(self):
        """Create."""
        return jsonify({}), 201

    def put(self, pk):
        """Replace."""
        return jsonify({})

    def delete(self, pk):
        return "", 204

    @classmethod
    def register(cls, blueprint, url, pk="pk", pk_type="int"):
        view = cls.as_view(cls.__name__.lower())
        blueprint.add_url_rule(url, defaults={pk: None}, view_func=view, methods=["GET"])
        blueprint.add_url_rule(url, view_func=view, methods=["POST"])
        blueprint.add_url_rule(f"{url}<{pk_type}:{pk}>", view_func=view, methods=["GET", "PUT", "DELETE"])


def crud_blueprint(name, model_cls, **options):
    view = type(f"{name.title()}View", (CrudView,), {"model": model_cls, "__doc__": "Made on the fly."})
    blueprint = Blueprint(name, __name__, **options)
    view.register(blueprint, "/")
    return blueprint
