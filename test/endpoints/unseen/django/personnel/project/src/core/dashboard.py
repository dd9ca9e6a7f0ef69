from django.views.generic import TemplateView


class Dashboard(TemplateView):
    """All at a glance."""

    template_name = "dashboard.html"
