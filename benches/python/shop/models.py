"""What the tasks are for."""

from django.db import models


class Order(models.Model):
    """An order."""

    def __str__(self):
        return f"Order {self.pk}"
