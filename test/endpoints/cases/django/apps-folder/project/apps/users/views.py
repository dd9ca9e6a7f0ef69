from rest_framework import generics, permissions, status
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import Profile
from .serializers import ProfileSerializer


class MeView(generics.RetrieveUpdateAPIView):
    """Who I am."""

    serializer_class = ProfileSerializer
    queryset = Profile.objects.all()

    def get_object(self):
        return self.request.user


class RegisterView(APIView):
    permission_classes = (permissions.AllowAny,)

    def post(self, request):
        """Register.

        Sends a letter.
        """
        return Response(status=status.HTTP_201_CREATED)
