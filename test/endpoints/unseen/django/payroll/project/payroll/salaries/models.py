from django.db import models


class Payslip(models.Model):
    class Meta:
        app_label = "salaries"
