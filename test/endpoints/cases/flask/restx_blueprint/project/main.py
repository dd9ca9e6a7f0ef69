from flask import Flask

from v1 import blueprint as v1

app = Flask(__name__)
app.register_blueprint(v1)
