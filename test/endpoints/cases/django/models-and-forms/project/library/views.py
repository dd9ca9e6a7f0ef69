from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin, UserPassesTestMixin
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.generic import CreateView, DeleteView, ListView, TemplateView, UpdateView
from rest_framework import filters, status, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from .forms import BookForm
from .models import Book, Loan
from .serializers import BookSerializer, LoanSerializer


def book(request, pk):
    """A book's page."""
    if request.method == "POST":
        form = BookForm(request.POST)
        if form.is_valid():
            form.save()
            messages.success(request, "saved")
            return redirect("books")
    else:
        form = BookForm()
    return render(request, "book.html", {"form": form})


@login_required
def remove(request, pk):
    if request.method == "DELETE":
        get_object_or_404(Book, pk=pk).delete()
    return JsonResponse({})


class StaffMixin(UserPassesTestMixin):
    def test_func(self):
        return self.request.user.is_staff


@method_decorator(login_required, name="dispatch")
class BookCreate(StaffMixin, CreateView):
    """Add a book."""

    model = Book
    form_class = BookForm
    success_url = reverse_lazy("books")


class BookUpdate(LoginRequiredMixin, StaffMixin, UpdateView):
    model = Book
    fields = ("title",)


class BookDelete(LoginRequiredMixin, DeleteView):
    model = Book
    success_url = reverse_lazy("books")


class BookList(ListView):
    model = Book
    paginate_by = 10

    def get_queryset(self):
        return super().get_queryset().available()


class About(TemplateView):
    """About us."""

    extra_context = {"title": "About"}


class BookViewSet(viewsets.ModelViewSet):
    """API of books."""

    queryset = Book.objects.all()
    serializer_class = BookSerializer
    filter_backends = [filters.SearchFilter]

    @action(detail=True, methods=["post"], serializer_class=LoanSerializer)
    def lend(self, request, pk=None):
        """Lend it."""
        return Response(status=status.HTTP_201_CREATED)


class LoanViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Loan.objects.none()
    serializer_class = LoanSerializer
