from flask import Flask, jsonify
from flask.views import MethodView, View


class ItemAPI(MethodView):
    """One item of a group."""

    init_every_request = False

    def __init__(self, model):
        self.model = model

    def get(self, id):
        """Fetch an item."""
        return jsonify({})

    def patch(self, id):
        return jsonify({})

    def delete(self, id):
        """Drop an item.

        There is no way back.
        """
        return "", 204


class GroupAPI(MethodView):
    def get(self):
        return []

    def post(self):
        """Add to the group."""
        return {}, 201


class Limited(ItemAPI):
    """Only reads."""
    methods = ["GET"]


class Everything(View):
    """Whatever is asked."""
    methods = ["GET", "POST"]

    def dispatch_request(self):
        """Not shown."""
        return "x"


class Plain(View):
    def dispatch_request(self):
        return "x"


def register_api(app, model, name):
    item = ItemAPI.as_view(f"{name}-item", model)
    group = GroupAPI.as_view(f"{name}-group")
    app.add_url_rule(f"/{name}/<int:id>", view_func=item)
    app.add_url_rule(f"/{name}/", view_func=group)


app = Flask(__name__)
for name in ("users", "stories"):
    register_api(app, None, name)
app.add_url_rule("/limited/<id>", view_func=Limited.as_view("limited", None))
app.add_url_rule("/everything", view_func=Everything.as_view("everything"))
app.add_url_rule("/plain", view_func=Plain.as_view(name="plain"))
app.add_url_rule("/group/only", view_func=GroupAPI.as_view("only"), methods=["POST"])
