from flask_classful import FlaskView, route


class QuotesView(FlaskView):
    def index(self):
        """All quotes."""
        return ""

    def get(self, id):
        """One quote."""
        return id

    def post(self):
        return ""

    def delete(self, id: int):
        return ""

    def random_quote(self):
        """Any."""
        return ""

    @route("/word_bits/<name>", methods=["GET", "POST"])
    def words(self, name):
        return name

    def before_request(self, name):
        pass

    def _private(self):
        pass


class AnimalsView(FlaskView):
    route_base = "zoo"
    excluded_methods = ["helper"]

    def index(self):
        return ""

    def put(self, id):
        return id

    def feed(self, animal, amount=1):
        """Feed one."""
        return animal

    def helper(self):
        pass


class Plain(FlaskView):
    default_methods = ["GET", "POST"]

    def about(self):
        return ""
