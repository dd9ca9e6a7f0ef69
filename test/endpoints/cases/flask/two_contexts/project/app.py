from flask import Flask

app = Flask("served")
app.config.from_object("defaults")
other = Flask("other")

with other.app_context():
    import other_routes
with app.app_context():
    import served_routes


@app.route(app.config.get("lower", "/not-taken-over"))
def settings():
    return ""
