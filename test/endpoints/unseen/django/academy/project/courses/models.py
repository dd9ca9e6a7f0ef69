from django.db import models
from django.urls import reverse


class Subject(models.Model):
    title = models.CharField(max_length=200)
    slug = models.SlugField(unique=True)


class Course(models.Model):
    subject = models.ForeignKey(Subject, related_name="courses", on_delete=models.CASCADE)
    title = models.CharField(max_length=200)

    def page(self):
        return reverse("course_detail", args=[self.pk])
