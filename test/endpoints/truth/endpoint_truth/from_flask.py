"""The routes of a Flask application."""
import re

from .rows import own_doc, row, split


def flask_rows(app):
    rows = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static" or rule.endpoint.endswith(".static"):
            continue
        view = app.view_functions[rule.endpoint]
        cls = getattr(view, "view_class", None)
        asked = getattr(rule, "truth_methods", None)
        for method in sorted(rule.methods):
            if method == "HEAD" and "GET" in rule.methods and "HEAD" not in (asked or ()):
                continue
            if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
                continue
            summary, description = split(own_doc(cls, method.lower()) if cls else view.__doc__)
            blueprint = rule.endpoint.rpartition(".")[0]
            tags = getattr(view, "truth_tags", None) or ([blueprint] if blueprint else [])
            path = re.sub(r"<(?:[^<>:]*(?:\([^)]*\))?:)?(\w+)>", r"{\1}", rule.rule)
            rows.append(row(method, path, summary, description, tags))
    return rows


def keep_asked_methods(flask_class):
    """Remembers with which methods a rule was asked for: werkzeug adds HEAD by itself."""
    rule_class = flask_class.url_rule_class

    class AskedRule(rule_class):
        def __init__(self, string, methods=None, **options):
            super().__init__(string, methods=methods, **options)
            self.truth_methods = set(methods or ())

    flask_class.url_rule_class = AskedRule
