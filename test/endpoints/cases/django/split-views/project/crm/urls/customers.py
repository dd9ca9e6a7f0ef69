from django.urls import path

from crm.views import CustomerDetail, CustomerList, export

urlpatterns = [
    path("customers/", CustomerList.as_view()),
    path("customers/<int:customer_id>/", CustomerDetail.as_view()),
    path("customers/export", export),
]
