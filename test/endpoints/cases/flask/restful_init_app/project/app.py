from flask import Flask

from extensions import api, db
from routes import register_routes


class Server:
    def __init__(self, name):
        self.flask = Flask(name)
        self.configure()

    def configure(self):
        db.init_app(self.flask)
        register_routes()
        api.init_app(self.flask)

    def run(self):
        self.flask.run()


server = Server(__name__)
app = server.flask
