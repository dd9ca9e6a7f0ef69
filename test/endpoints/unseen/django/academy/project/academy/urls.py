"""Routes of the whole site."""
from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

from academy import views

handler404 = "academy.views.not_found"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.home, name="home"),
    path("about/", TemplateView.as_view(template_name="about.html"), name="about"),
    path("old-about/", RedirectView.as_view(pattern_name="about", permanent=True)),
    path("courses/", include("courses.urls")),
    path("students/", include(("students.urls", "students"), namespace="people")),
    path("grades/", include("grades.urls", namespace="marks")),
] + static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
