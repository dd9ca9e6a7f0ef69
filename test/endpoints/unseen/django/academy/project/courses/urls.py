from django.urls import path

from . import views

urlpatterns = [
    path("mine/", views.ManageCourseListView.as_view(), name="manage_course_list"),
    path("create/", views.CourseCreateView.as_view(), name="course_create"),
    path("<pk>/edit/", views.CourseUpdateView.as_view(), name="course_edit"),
    path("<pk>/delete/", views.CourseDeleteView.as_view(), name="course_delete"),
    path("<pk>/module/", views.CourseModuleUpdateView.as_view(), name="course_module_update"),
    path("module/order/", views.ModuleOrderView.as_view(), name="module_order"),
    path("subject/<slug:subject>/", views.CourseListView.as_view(), name="course_list_subject"),
    path("<slug:slug>/", views.CourseDetailView.as_view(), name="course_detail"),
    path("module/<int:module_id>/content/<model_name>/create/", views.ContentView.as_view()),
    path("module/<int:module_id>/content/<model_name>/<int:id>/", views.ContentView.as_view()),
]
