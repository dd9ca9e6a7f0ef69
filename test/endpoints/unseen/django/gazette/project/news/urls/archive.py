from django.urls import path, register_converter

from news import converters, views

register_converter(converters.Year, "yyyy")

urlpatterns = [
    path("<yyyy:year>/", views.year),
    path("<yyyy:year>/<int:month>/", views.month),
    path("<yyyy:year>/<int:month>/<slug:slug>/", views.article),
]
