from django.urls import path

from .. import views

urlpatterns = [
    path("deals/", views.deals.deal_list),
    path("deals/<uuid:deal_id>/", views.deals.DealView.as_view()),
]
