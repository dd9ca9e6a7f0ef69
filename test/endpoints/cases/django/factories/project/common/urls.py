from django.urls import include, path

from items import views


def crud(name, view, detail=True):
    """Patterns of one resource."""
    patterns = [path(f"{name}/", view.as_view(), name=f"{name}-list")]
    if detail:
        patterns.append(path("%s/<int:pk>/" % name, view.as_view(), name="{}-detail".format(name)))
    return patterns


def versioned(version):
    return [path(f"{version}/", include(([path("state/", views.state)], version)))]
