from flask import Flask

app = Flask(__name__)

import website.views
from website.api import users as _users
