from django.urls import include, path

from . import views

app_name = "grades"

report_patterns = [
    path("", views.report),
    path("<int:year>.pdf", views.report_pdf),
]

urlpatterns = [
    path("<uuid:exam>/", include([
        path("", views.Exam.as_view()),
        path("points/<int:student>/", views.points),
    ])),
    path("reports/", include(report_patterns)),
]
