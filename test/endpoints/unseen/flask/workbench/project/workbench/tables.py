from flask import Blueprint


def blueprint_from(name, table):
    """Makes a blueprint of rows of path, methods, view."""
    blueprint = Blueprint(name, f"workbench.plugins.{name}")
    for path, methods, view in table:
        blueprint.add_url_rule(path, view_func=view, methods=methods.split("|"))
    return blueprint
