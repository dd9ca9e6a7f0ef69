from django.urls import path

from crm import views as v

app_name = "people"
urlpatterns = [path("export/", v.export)]
