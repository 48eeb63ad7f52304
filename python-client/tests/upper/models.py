from django.db import models


class Thing(models.Model):
    """A model of an app whose label has a capital letter."""

    def __str__(self):
        return f"Thing {self.pk}"
