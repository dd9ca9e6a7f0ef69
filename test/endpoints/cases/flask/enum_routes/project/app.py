from enum import Enum
from typing import NamedTuple

from flask import Flask, Blueprint


class Paths(str, Enum):
    USERS = "/users"
    TEAMS = "/teams"


class Method(Enum):
    READ = "GET"
    WRITE = "POST"


class Entry(NamedTuple):
    rule: str
    methods: list


class Urls:
    BASE = "/base"
    ONE = BASE + "/one"
    TWO = f"{BASE}/two"


app = Flask(__name__)
bp = Blueprint("e", __name__)


@bp.route(Paths.USERS.value, methods=[Method.READ.value, Method.WRITE.value])
def users():
    return ""


@bp.route(Urls.ONE)
@bp.route(Urls.TWO)
def urls():
    return ""


entries = [Entry("/listed", ["PUT"]), Entry(rule="/also", methods=[m.value for m in Method])]
for i, entry in enumerate(entries):
    bp.add_url_rule(entry.rule, f"entry{i}", lambda: "", methods=entry.methods)

app.register_blueprint(bp, url_prefix=Paths.TEAMS.value)
