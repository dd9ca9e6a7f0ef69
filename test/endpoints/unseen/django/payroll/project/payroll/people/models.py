from django.db import models


class Employee(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "people"


class Department(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "people"
