from flask import Flask

from views import QuotesView, AnimalsView, Plain

app = Flask(__name__)
QuotesView.register(app)
AnimalsView.register(app, route_prefix="/api/", trailing_slash=False)
Plain.register(app, route_base="/")
