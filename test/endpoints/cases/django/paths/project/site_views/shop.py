from django.urls import path

from . import views

urlpatterns = []
urlpatterns += [path("cart/", views.cart)]
urlpatterns.append(path("orders/", views.orders))
urlpatterns.extend([path(f"{name}/", views.section) for name in ("books", "games")])
