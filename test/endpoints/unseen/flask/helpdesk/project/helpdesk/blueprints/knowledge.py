from flask import Blueprint

knowledge = Blueprint("knowledge", __name__, url_prefix="/ignored")
SECTIONS = ("faq", "guides", "news")


def section_view(section):
    def view():
        return section

    view.__doc__ = f"Pages of {section}."
    return view


for section in SECTIONS:
    knowledge.add_url_rule(f"/{section}", endpoint=f"{section}_page", view_func=section_view(section))


@knowledge.route("/search", methods=["GET", "POST"], strict_slashes=False)
def search():
    """Full text search."""
