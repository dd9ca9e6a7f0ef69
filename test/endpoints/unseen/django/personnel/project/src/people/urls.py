from core.crud import crud_urls

urlpatterns = [
    *crud_urls("Employee", "employees"),
    *crud_urls("Badge", "badges", without=["update"]),
]
