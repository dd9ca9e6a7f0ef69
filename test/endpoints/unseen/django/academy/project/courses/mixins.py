class JSONMixin:
    """Answers JSON."""

    def render_json(self, data):
        return data

    def options(self, request, *args, **kwargs):
        """Which methods there are."""
