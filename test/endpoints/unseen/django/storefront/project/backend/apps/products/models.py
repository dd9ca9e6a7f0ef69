from django.db import models


class Category(models.Model):
    name = models.CharField(max_length=100)


class Product(models.Model):
    category = models.ForeignKey(Category, on_delete=models.CASCADE)
    sku = models.CharField(max_length=20)


class Review(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
