from django.contrib.auth import get_user_model
from django.db import models


class Profile(models.Model):
    """A profile."""

    user = models.OneToOneField("auth.User", on_delete=models.CASCADE)
    name = models.CharField(max_length=20)

    class Meta:
        ordering = ["name"]
