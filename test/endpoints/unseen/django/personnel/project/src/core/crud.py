from django.urls import path
from django.views.generic import CreateView, DeleteView, DetailView, ListView, UpdateView

VERBS = [
    ("", ListView, "list"),
    ("new/", CreateView, "create"),
    ("<int:pk>/", DetailView, "detail"),
    ("<int:pk>/edit/", UpdateView, "update"),
    ("<int:pk>/delete/", DeleteView, "delete"),
]


def crud_urls(model, prefix, only=None, without=()):
    """Five pages for a model."""
    for route, base, name in VERBS:
        if name in without or (only and name not in only):
            continue
        view = type(f"{model}{name.title()}", (base,), {"model": model, "__doc__": f"{name.title()} of {prefix}."})
        yield path(f"{prefix}/{route}", view.as_view(), name=f"{prefix}-{name}")


class Site:
    """Pages are registered on it."""

    def __init__(self):
        self._pages = []

    def page(self, route, **kwargs):
        def decorator(view):
            self._pages.append(path(route, view, **kwargs))
            return view

        return decorator

    @property
    def urls(self):
        return list(self._pages)
