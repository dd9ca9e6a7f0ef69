from app import app

FORMATS = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}


def feed(kind):
    """A feed."""
    return kind


for extension, title in FORMATS.items():
    app.add_url_rule(f"/feed.{extension}", endpoint=f"feed_{extension}", view_func=feed, defaults={"kind": title})


@app.route("/feeds/<any(dishes,guests):what>.<ext>")
def old_feed(what, ext):
    """Feeds under their old names."""
