from django.urls import path

from shop import views

urlpatterns = [
    path("create/", views.Create.as_view()),
    path("list/", views.List.as_view()),
    path("list-create/", views.ListCreate.as_view()),
    path("<int:pk>/retrieve/", views.Retrieve.as_view()),
    path("<int:pk>/update/", views.Update.as_view()),
    path("<int:pk>/destroy/", views.Destroy.as_view()),
    path("<int:pk>/rud/", views.RetrieveUpdateDestroy.as_view()),
    path("<int:pk>/ru/", views.RetrieveUpdate.as_view()),
    path("<int:pk>/rd/", views.RetrieveDestroy.as_view()),
    path("mixed/", views.Mixed.as_view()),
    path("nopatch/<int:pk>/", views.NoPatch.as_view()),
    path("base/", views.Extended.as_view()),
]
