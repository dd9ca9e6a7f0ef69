from flask.views import MethodView


class ItemAPI(MethodView):
    init_every_request = False
    name = "item"

    def __init__(self, store=None):
        self.store = store

    def get(self, id):
        """Show one."""

    def patch(self, id):
        """Change one."""

    def delete(self, id):
        """Remove one."""


class GroupAPI(MethodView):
    """Many of them."""

    def __init__(self, store=None):
        self.store = store

    def get(self):
        ...

    def post(self):
        """Add one."""


def register_api(blueprint, name, store=None, item=ItemAPI, group=GroupAPI):
    blueprint.add_url_rule(f"/{name}/<int:id>", view_func=item.as_view(f"{name}-item", store))
    blueprint.add_url_rule(f"/{name}/", view_func=group.as_view(f"{name}-group", store))
