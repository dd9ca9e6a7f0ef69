from django.http import HttpResponse
from django.views import View


class Exam(View):
    def get(self, request, exam):
        """An exam."""

    async def put(self, request, exam):
        """Changes an exam."""

    patch = put


def points(request, exam, student):
    match request.method:
        case "GET":
            return HttpResponse()
    if request.method in ("PUT", "PATCH"):
        return HttpResponse(status=204)
    return HttpResponse(status=405)


def report(request):
    """The year's report."""


report_pdf = report
