from . import main


@main.app_errorhandler(404)
def missing(e):
    return "", 404
