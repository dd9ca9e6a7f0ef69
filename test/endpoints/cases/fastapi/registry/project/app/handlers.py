from app.registry import Group, registry

files = Group("/files", tag="files")
misc = Group(prefix="/misc")


@registry.route(files, "/{name}", "GET", "DELETE")
def file(name: str):
    """A file."""


@registry.route(misc, "/now")
def now():
    pass


@registry.route(misc, "/then", "POST")
def then():
    pass
