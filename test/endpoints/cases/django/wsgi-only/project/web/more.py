from django.urls import path

from .views import late

more_patterns = (path("more/", late),)
more_patterns = list(more_patterns)
