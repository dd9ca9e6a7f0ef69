import os

URL_PREFIX = os.getenv("URL_PREFIX", "/api")
SWAGGER_DOC = "/doc/"
