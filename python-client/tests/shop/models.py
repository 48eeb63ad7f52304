import uuid

from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField()

    def __str__(self):
        return self.name


class Order(models.Model):
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.SET_NULL)
    reference = models.CharField(max_length=100, blank=True)

    def __str__(self):
        return f"Order {self.pk}"


class RushOrder(Order):
    """Another face of the same rows."""

    class Meta:
        proxy = True


class Parcel(models.Model):
    """A model whose primary key is a UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)

    def __str__(self):
        return f"Parcel {self.pk}"


class Shelf(models.Model):
    """A model whose primary key is any text."""

    code = models.CharField(max_length=100, primary_key=True)

    def __str__(self):
        return self.code


class Untracked(models.Model):
    """A model that no task is registered for."""

    def __str__(self):
        return str(self.pk)


class Present(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(is_archived=False)


class Archived(models.Model):
    """A model whose default manager does not show every object."""

    code = models.CharField(max_length=100)
    is_archived = models.BooleanField(default=False)

    objects = Present()

    def __str__(self):
        return self.code
