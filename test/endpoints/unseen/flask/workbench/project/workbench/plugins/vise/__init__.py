from .blueprint import vise as blueprint

NAME = blueprint.name
