def init(app):
    @app.route("/pages/<slug>")
    def page(slug):
        return slug
