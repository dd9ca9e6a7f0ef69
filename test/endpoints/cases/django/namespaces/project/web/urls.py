from django.urls import include, path

import blog.urls

inner = ([path("x/", include("blog.urls", namespace="second"))], "outer")

urlpatterns = [
    path("blog/", include(blog.urls)),
    path("other/", include("blog.urls", namespace="other")),
    path("api/v1/", include((blog.urls.api, "api"), namespace="v1")),
    path("deep/", include(inner)),
    path("list/", include(blog.urls.api)),
]
