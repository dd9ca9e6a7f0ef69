import os

from helpdesk import make_app

app = make_app(os.getenv("HELPDESK_MODE", "full"))
