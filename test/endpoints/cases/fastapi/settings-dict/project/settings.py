import os

API = {"title": "X", "docs_url": None}
urls = {
    "router": {"prefix": "/r", "tags": ["r"]},
    "paths": ["/kw"],
    "parts": ("a", "b"),
}


class Config:
    root: str = os.getenv("ROOT_PATH_PREFIX", "/conf/")

    class Inner:
        PREFIX = "/inner"

    @property
    def suffix(self):
        return "-" + str(len([self.root, urls]))
