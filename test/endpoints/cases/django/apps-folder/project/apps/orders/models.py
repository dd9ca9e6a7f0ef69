from django.db import models
from users.models import Profile


class Order(models.Model):
    profile = models.ForeignKey(Profile, on_delete=models.CASCADE)
