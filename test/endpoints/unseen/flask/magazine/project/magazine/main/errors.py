from . import main


@main.app_errorhandler(404)
def missing(e):
    return "not found", 404
