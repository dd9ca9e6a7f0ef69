from django.db import models
from django.urls import reverse
from django.utils import timezone


class BookQuerySet(models.QuerySet):
    def available(self):
        return self.filter(available=True)


class Book(models.Model):
    class Kind(models.TextChoices):
        NOVEL = "n", "Novel"
        ESSAY = "e", "Essay"

    title = models.CharField(max_length=100)
    kind = models.CharField(max_length=1, choices=Kind.choices, default=Kind.NOVEL)
    added = models.DateTimeField(default=timezone.now)

    objects = BookQuerySet.as_manager()

    def get_absolute_url(self):
        return reverse("book", args=[self.pk])


class Loan(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="loans")
