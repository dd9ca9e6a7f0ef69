from extensions import api
from views import Tasks, Task


def register_routes():
    routes = {"/tasks": Tasks, "/tasks/<int:pk>": Task}
    for url, resource in routes.items():
        api.add_resource(resource, url)
