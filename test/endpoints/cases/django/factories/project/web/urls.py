from django.conf import settings
from django.urls import include, path
from django.utils.module_loading import import_string

from common.urls import crud, versioned
from items.views import ItemView, things

urlpatterns = [
    *crud("items", ItemView),
    *crud("parts", ItemView, detail=False),
    path("api/", include(versioned("v1") + versioned("v2"))),
]

for app, prefix in settings.API_APPS.items():
    urlpatterns.append(path(f"{prefix}/", include(f"{app}.urls")))

urlpatterns += [path(f"thing-{number}/", view) for number, view in enumerate(things, start=1)]
urlpatterns += [
    path(name + "/", import_string(f"items.views.{name}")) for name in ("import_one", "import_two") if name != "import_two"
]
urlpatterns.insert(0, path("first/", things[0]))
