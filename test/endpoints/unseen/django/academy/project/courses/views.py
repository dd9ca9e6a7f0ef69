from braces.views import CsrfExemptMixin
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.urls import reverse_lazy
from django.views.generic.base import TemplateResponseMixin, View
from django.views.generic.detail import DetailView
from django.views.generic.edit import CreateView, DeleteView, UpdateView
from django.views.generic.list import ListView

from .mixins import JSONMixin
from .models import Course


class OwnerMixin:
    """Only one's own."""

    def get_queryset(self):
        return super().get_queryset().filter(owner=self.request.user)


class OwnerCourseMixin(OwnerMixin, LoginRequiredMixin, PermissionRequiredMixin):
    model = Course
    fields = ["subject", "title"]
    success_url = reverse_lazy("manage_course_list")


class OwnerCourseEditMixin(OwnerCourseMixin):
    template_name = "courses/manage/course/form.html"


class ManageCourseListView(OwnerCourseMixin, ListView):
    """Courses that a teacher manages.

    Only the own ones.
    """

    permission_required = "courses.view_course"


class CourseCreateView(OwnerCourseEditMixin, CreateView):
    permission_required = "courses.add_course"


class CourseUpdateView(OwnerCourseEditMixin, UpdateView):
    """Change a course."""


class CourseDeleteView(OwnerCourseMixin, DeleteView):
    template_name = "courses/manage/course/delete.html"


class CourseModuleUpdateView(TemplateResponseMixin, View):
    course = None

    def dispatch(self, request, pk):
        return super().dispatch(request, pk)

    def get(self, request, *args, **kwargs):
        """The modules' form."""

    def post(self, request, *args, **kwargs):
        ...


class ModuleOrderView(CsrfExemptMixin, JSONMixin, View):
    """Sorts modules."""

    def post(self, request):
        return self.render_json({"saved": "OK"})


class ContentView(View):
    http_method_names = ["get", "post", "head"]

    def get(self, request, module_id, model_name, id=None):
        """One piece of content."""

    def post(self, request, module_id, model_name, id=None):
        """Saves it."""

    def delete(self, request, module_id, model_name, id):
        """Never called: not among the names."""


class CourseListView(ListView):
    model = Course


class CourseDetailView(DetailView):
    """One course."""

    model = Course

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs)
