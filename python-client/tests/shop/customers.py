"""The page of an order for the customer who placed it."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template import engines

from .models import Order

PAGE = """{% load static task_tracker %}<!doctype html>
<html lang="en"><title>Your order</title>
<h1>{{ order }}</h1>
{% task_tracker_progress order task="shop.tasks.sleep" label="Your invoice" interval=0.2 %}
<script src="{% static 'celery_task_tracker/progress/progress.js' %}" defer></script>
</html>"""


def order_page(request, pk):
    order = get_object_or_404(Order, pk=pk)
    return HttpResponse(engines["django"].from_string(PAGE).render({"order": order}, request))


def may_see(request, obj, task):
    """Customers may see the progress of some tasks of their own orders."""
    return (
        isinstance(obj, Order)
        and task in ("shop.tasks.sleep", "shop.tasks.succeed")
        and request.user.is_authenticated
        and obj.customer is not None
        and obj.customer.email == request.user.email
    )
