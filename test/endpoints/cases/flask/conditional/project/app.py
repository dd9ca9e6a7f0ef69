import os
import sys

from flask import Flask

try:
    import simplejson as json
except ImportError:
    import json

app = Flask(__name__)

if os.environ.get("ENABLE_ADMIN"):
    @app.route("/admin")
    def admin():
        return ""
else:
    @app.route("/public")
    def public():
        return ""

if os.getenv("MODE", "full") == "full":
    @app.route("/full")
    def full():
        return ""

if sys.version_info >= (3, 6):
    @app.route("/modern")
    def modern():
        return ""

if app.config["TESTING"] or app.debug:
    @app.route("/debugging")
    def debugging():
        return ""

try:
    @app.route("/tried")
    def tried():
        return ""
except Exception:
    raise

DEBUG = False
if DEBUG:
    @app.route("/never")
    def never():
        return ""
