from flask import Flask, Blueprint

app = Flask(__name__, static_url_path="/assets")
app.config.from_object("settings.local")
app.config.from_object("settings.classes.Production")
app.config.from_pyfile("extra.cfg.py", silent=True)
app.config.update(dict(FROM_DICT="/dict"), FROM_KEYWORD="/keyword")

people = Blueprint("people", __name__)


@people.route("/<name>")
def person(name):
    return name


app.register_blueprint(people, url_prefix=app.config["PREFIX"] + app.config["EXTRA"]["users"])


@app.route(app.config["ROOT"] + app.config["SUFFIX"])
def root():
    return ""


@app.route(app.config["FROM_DICT"])
@app.route(app.config["FROM_KEYWORD"])
@app.route(app.config.get("FROM_FILE", "/no-file"))
def given():
    return ""


@app.route(app.config.get("NOT_THERE", "/fallback"))
def fallback():
    return ""
