from workbench.tables import blueprint_from

from . import views

NAME = "saw"
blueprint = blueprint_from(
    "saw",
    [
        ("/blades", "GET", views.blades),
        ("/blades/<int:number>", "GET|PUT|DELETE", views.blade),
        ("/cut", "POST", views.cut),
    ],
)
