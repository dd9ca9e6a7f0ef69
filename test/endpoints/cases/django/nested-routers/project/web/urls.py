from django.urls import include, path
from rest_framework_nested import routers

from api import views

router = routers.SimpleRouter()
router.register(r"domains", views.DomainViewSet, basename="domain")

domains = routers.NestedSimpleRouter(router, r"domains", lookup="domain")
domains.register(r"nameservers", views.NameserverViewSet, basename="domain-nameservers")

deep = routers.NestedSimpleRouter(domains, r"nameservers", lookup="nameserver")
deep.register(r"records", views.RecordViewSet, basename="records")

full = routers.DefaultRouter(trailing_slash=False)
full.register("clients", views.ClientViewSet, basename="client")
nested = routers.NestedDefaultRouter(full, "clients", lookup="client")
nested.register("mails", views.RecordViewSet, basename="mail")

urlpatterns = [
    path("", include(router.urls)),
    path("", include(domains.urls)),
    path("", include(deep.urls)),
    path("v2/", include(full.urls + nested.urls)),
]
