from rest_framework.decorators import api_view, authentication_classes
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response


class Login(GenericAPIView):
    """Logs in."""

    def post(self, request):
        return Response()


@api_view(["DELETE"])
@authentication_classes([])
def logout(request):
    "Logs out."
    return Response()
