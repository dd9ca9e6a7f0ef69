from django.contrib.auth.models import User
from rest_framework import generics
from rest_framework.views import APIView


class Register(generics.CreateAPIView):
    """Opens an account."""

    queryset = User.objects.all()


class Me(generics.RetrieveUpdateDestroyAPIView):
    queryset = User.objects.all()

    def get(self, request, *args, **kwargs):
        """Who am I?"""
        return super().get(request, *args, **kwargs)


class Users(generics.ListCreateAPIView):
    """Everybody."""


class Password(APIView):
    def post(self, request, format=None):
        """Changes the password."""

    def delete(self, request):
        ...
