from braces.views import CsrfExemptMixin
from django.contrib.auth.mixins import LoginRequiredMixin, PermissionRequiredMixin
from django.urls import reverse_lazy
from django.views.generic.base import TemplateResponseMixin, View
from django.views.generic.detail import DetailView
from django.views.generic.edit import CreateView, DeleteView, UpdateView
from django.views.generic.list import ListView

from .mixins import JSONMixin
from .models import Course


class Own:
    """Only one's own."""

    def get_queryset(self):
        return super().get_queryset().filter(owner=self.request.user)


class OwnCourses(Own, LoginRequiredMixin, PermissionRequiredMixin):
    model = Course
    fields = ["subject", "title"]
    success_url = reverse_lazy("taught")


class Editing(OwnCourses):
    template_name = "courses/form.html"


class TaughtCourses(OwnCourses, ListView):
    """Courses that a teacher manages.

    Only the own ones.
    """

    permission_required = "courses.view_course"


class NewCourse(Editing, CreateView):
    permission_required = "courses.add_course"


class ChangeCourse(Editing, UpdateView):
    """Change a course."""


class CloseCourse(OwnCourses, DeleteView):
    template_name = "courses/delete.html"


class Modules(TemplateResponseMixin, View):
    course = None

    def dispatch(self, request, pk):
        return super().dispatch(request, pk)

    def get(self, request, *args, **kwargs):
        """The modules' form."""

    def post(self, request, *args, **kwargs):
        ...


class Sorting(CsrfExemptMixin, JSONMixin, View):
    """Sorts modules."""

    def post(self, request):
        return self.render_json({"saved": "OK"})


class Content(View):
    http_method_names = ["get", "post", "head"]

    def get(self, request, module_id, model_name, id=None):
        """One piece of content."""

    def post(self, request, module_id, model_name, id=None):
        """Saves it."""

    def delete(self, request, module_id, model_name, id):
        """Never called: not among the names."""


class CoursesOfSubject(ListView):
    model = Course


class OneCourse(DetailView):
    """One course."""

    model = Course

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs)
