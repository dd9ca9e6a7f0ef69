def install(app, path="/metrics"):
    @app.route(path)
    def metrics():
        """Numbers for Prometheus."""
        return ""

    @app.after_request
    def count(response):
        return response
