from django.urls import path

from core import views

urlpatterns = [
    path("one/", views.One.as_view()),
    path("two/<int:pk>/", views.Two.as_view()),
    path("three/", views.three),
    path("four/", views.Four.as_view()),
    path("five/", views.five_view),
    path("six/", views.registry["six"]),
    path("seven/", views.Seven().serve),
    path("eight/", views.eight),
]

for name, view in views.registry.items():
    urlpatterns.append(path(f"registry/{name}/", view, name=name))
