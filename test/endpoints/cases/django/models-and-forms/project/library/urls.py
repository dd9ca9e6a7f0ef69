from django.urls import include, path
from rest_framework.routers import DefaultRouter

from . import views
from .views import BookViewSet, LoanViewSet

app_name = "library"

router = DefaultRouter()
router.register("books", BookViewSet)
router.register("loans", LoanViewSet)

urlpatterns = [
    path("books/", views.BookList.as_view(), name="books"),
    path("books/add/", views.BookCreate.as_view(), name="add"),
    path("books/<int:pk>/", views.book, name="book"),
    path("books/<int:pk>/change/", views.BookUpdate.as_view()),
    path("books/<int:pk>/delete/", views.BookDelete.as_view()),
    path("books/<int:pk>/remove/", views.remove),
    path("about/", views.About.as_view()),
    path("api/", include((router.urls, "library-api"))),
    path("api/plain/", include(router.urls)),
]
