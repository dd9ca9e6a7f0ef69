def setup(app):
    @app.get("/plugins/one", tags=["plugin"])
    def plugin_one():
        pass
