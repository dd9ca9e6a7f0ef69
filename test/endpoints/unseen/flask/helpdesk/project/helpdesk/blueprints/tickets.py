from flask import Blueprint
from flask.views import MethodView, View

from helpdesk.crud import ItemAPI, register_api

tickets = Blueprint("tickets", __name__, url_prefix="/tickets")


class Ticket(ItemAPI):
    def get(self, id):
        """Show a ticket.

        With its whole history.
        """

    def put(self, id):
        ...


class Export(View):
    """Everything as a spreadsheet."""

    methods = ["GET", "POST"]

    def dispatch_request(self):
        return ""


class Attachments(MethodView):
    def get(self, id, name=None):
        """Attachments."""

    def post(self, id):
        """Attach a file."""


register_api(tickets, "open", item=Ticket)
register_api(tickets, "closed")
tickets.add_url_rule("/export", view_func=Export.as_view("export"))

attachments = Attachments.as_view("attachments")
tickets.add_url_rule("/<int:id>/attachments/", view_func=attachments, methods=["GET", "POST"])
tickets.add_url_rule("/<int:id>/attachments/<name>", defaults={"x": 1}, view_func=attachments, methods=["GET"])


@tickets.post("/<int:id>/close")
def close(id):
    """Closes a ticket."""


@tickets.route("/<int:id>/merge/<int:other>", methods=["POST"])
def merge(id, other): ...
