from .customers import urlpatterns as customers
from .deals import urlpatterns as deals

app_name = "crm"
urlpatterns = customers + deals
