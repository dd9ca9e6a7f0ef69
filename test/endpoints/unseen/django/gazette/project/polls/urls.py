from django.urls import path

from polls import views

app_name = "polls"
urlpatterns = (
    path("", views.Polls.as_view(), name="index"),
    path("<int:pk>/", views.Poll.as_view(), name="detail"),
    path("<int:pk>/results/", views.Results.as_view(), name="results"),
    path("<int:poll_id>/vote/", views.vote, name="vote"),
    path("subscribe/", views.Subscribe.as_view()),
)
