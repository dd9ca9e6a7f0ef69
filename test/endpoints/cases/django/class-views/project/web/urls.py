from django.urls import path
from django.views.generic import RedirectView, TemplateView

from books import views

urlpatterns = [
    path("", TemplateView.as_view(template_name="home.html")),
    path("old/", RedirectView.as_view(url="/")),
    path("books/", views.BookList.as_view()),
    path("books/new/", views.BookCreate.as_view()),
    path("books/<int:pk>/", views.BookDetail.as_view()),
    path("books/<int:pk>/edit/", views.BookUpdate.as_view()),
    path("books/<int:pk>/delete/", views.BookDelete.as_view()),
    path("contact/", views.Contact.as_view()),
    path("status/", views.Status.as_view()),
    path("status/light/", views.Status.as_view(http_method_names=["get"])),
    path("limited/", views.Limited.as_view()),
    path("inherited/", views.Inherited.as_view()),
    path("goto/", views.Goto.as_view()),
    path("probe/", views.Probe.as_view()),
]
