from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpResponse, JsonResponse
from django.views import View, generic
from django.views.generic.edit import CreateView, DeleteView, FormView


class BookList(generic.ListView):
    """All books."""

    template_name = "books.html"


class BookDetail(LoginRequiredMixin, generic.DetailView):
    def get(self, request, *args, **kwargs):
        """Show a book.

        With its author.
        """
        return super().get(request, *args, **kwargs)


class BookCreate(CreateView):
    """Add a book."""

    fields = ["title"]


class BookUpdate(generic.UpdateView):
    def post(self, request, *args, **kwargs):
        """Change a book."""
        return super().post(request, *args, **kwargs)


class BookDelete(DeleteView):
    pass


class Contact(FormView):
    pass


class Status(View):
    """State of the service."""

    def get(self, request):
        return JsonResponse({})

    def post(self, request):
        """Set it."""
        return JsonResponse({})

    def delete(self, request):
        return JsonResponse({})


class Limited(View):
    http_method_names = ["get", "put"]

    def get(self, request):
        return HttpResponse("")

    def post(self, request):
        return HttpResponse("")

    def put(self, request):
        return HttpResponse("")


class JSONMixin:
    def patch(self, request):
        """Patch anything."""
        return JsonResponse({})


class Base(JSONMixin, View):
    """The base of views."""

    def get(self, request):
        return JsonResponse({})


class Inherited(Base):
    def put(self, request):
        return JsonResponse({})


class Goto(generic.RedirectView):
    """Goes elsewhere."""

    def post(self, request, *args, **kwargs):
        return HttpResponse("")


class Probe(View):
    def head(self, request):
        """Only asks."""
        return HttpResponse("")

    def options(self, request):
        return HttpResponse("")
