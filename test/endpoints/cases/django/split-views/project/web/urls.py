from django.urls import include, path

urlpatterns = [
    path("crm/", include("crm.urls")),
    path("hr/", include("crm.hr", namespace="hr")),
]
