from django.urls import path

from . import views

urlpatterns = [
    path("mine/", views.TaughtCourses.as_view(), name="taught"),
    path("create/", views.NewCourse.as_view(), name="course_create"),
    path("<pk>/edit/", views.ChangeCourse.as_view(), name="course_edit"),
    path("<pk>/delete/", views.CloseCourse.as_view(), name="course_delete"),
    path("<pk>/module/", views.Modules.as_view(), name="modules"),
    path("module/order/", views.Sorting.as_view(), name="module_order"),
    path("subject/<slug:subject>/", views.CoursesOfSubject.as_view(), name="course_list_subject"),
    path("<slug:slug>/", views.OneCourse.as_view(), name="course_detail"),
    path("module/<int:module_id>/content/<model_name>/create/", views.Content.as_view()),
    path("module/<int:module_id>/content/<model_name>/<int:id>/", views.Content.as_view()),
]
