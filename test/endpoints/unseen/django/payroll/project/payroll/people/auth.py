from django.urls import path

from payroll.people import auth_views as views

app_name = "auth"

urlpatterns = [
    path(route="login", view=views.Login.as_view(), name="login"),
    path(route="logout", view=views.logout),
]
