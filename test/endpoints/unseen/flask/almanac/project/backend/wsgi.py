import os

from almanac import Application

application = Application.from_environment(os.environ)
app = application.flask
