from collections import namedtuple

Entry = namedtuple("Entry", "rule endpoint view methods")


class Router:
    def __init__(self, prefix=""):
        self.prefix = prefix
        self._entries = []

    def route(self, rule, methods=None, **options):
        def decorator(f):
            self._entries.append(Entry(self.prefix + rule, options.get("endpoint") or f.__name__, f, methods or ["GET"]))
            return f
        return decorator

    def post(self, rule):
        return self.route(rule, methods=["POST"])

    def mount(self, app):
        while self._entries:
            entry = self._entries.pop(0)
            app.add_url_rule(entry.rule, entry.endpoint, entry.view, methods=entry.methods)
