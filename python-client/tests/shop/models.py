import uuid

import django
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
    """A proxy of the same rows."""

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


class Vehicle(models.Model):
    """A model that others inherit from, each with a table of its own."""

    plate = models.CharField(max_length=20, blank=True)

    def __str__(self):
        return f"{type(self).__name__} {self.pk}"


class Van(Vehicle):
    """A child, whose primary key is the link to its parent."""

    seats = models.IntegerField(default=2)


class Camper(Van):
    """A grandchild."""


class FastVan(Van):
    """A proxy of a child."""

    class Meta:
        proxy = True


class Wreck(Vehicle):
    """A child with a primary key of its own beside the link to its parent."""

    number = models.CharField(max_length=20, primary_key=True)
    vehicle = models.OneToOneField(Vehicle, on_delete=models.CASCADE, parent_link=True)


class Weight(models.Model):
    """A model whose primary key is a decimal number."""

    kilograms = models.DecimalField(primary_key=True, max_digits=10, decimal_places=2)

    def __str__(self):
        return f"Weight {self.pk}"


class Slot(models.Model):
    """A model whose primary key is a moment."""

    begin = models.DateTimeField(primary_key=True)

    def __str__(self):
        return f"Slot {self.pk}"


if django.VERSION >= (5, 2):

    class Seat(models.Model):
        """A model whose primary key is made of two fields."""

        pk = models.CompositePrimaryKey("row", "number")
        row = models.IntegerField()
        number = models.IntegerField()

        def __str__(self):
            return f"Seat {self.pk}"
