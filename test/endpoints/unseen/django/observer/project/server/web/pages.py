from django.shortcuts import render
from django.views.decorators.http import require_http_methods


def page(template, methods=("GET",)):
    @require_http_methods(list(methods))
    def view(request):
        """A page."""
        return render(request, template)

    return view


PAGES = {
    "index": page("index.html"),
    "contact": page("contact.html", methods=("GET", "POST")),
}
