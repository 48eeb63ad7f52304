"""An order's page for the customer who placed it.

Whoever has the link of an order may see its page. The page puts the order into the session, and
the session says whose progress may be seen.
"""

from django.core import signing
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from .models import Order
from .tasks import generate_invoice

#: What customers may follow. Whether they are suspected of fraud is not their business.
SHOWN = ("shop.tasks.generate_invoice", "shop.tasks.book_courier")


def example(request):
    """Leads to the order that the demo tells of."""
    return redirect(reverse("order", args=[signing.Signer().sign(1042)]))


def order_of(link):
    try:
        return get_object_or_404(Order, pk=signing.Signer().unsign(link))
    except signing.BadSignature as error:
        raise Http404 from error


def order_page(request, link):
    order = order_of(link)
    request.session["orders"] = [*{*request.session.get("orders", ()), order.pk}]
    return render(request, "shop/order.html", {"order": order, "link": link})


@require_POST
def make_invoice(request, link):
    generate_invoice.delay(order_of(link).pk)
    return redirect("order", link)


def may_see(request, obj, task):
    """TASK_TRACKER_PROGRESS_PERMISSION: customers see some tasks of the orders that they opened."""
    return isinstance(obj, Order) and obj.pk in request.session.get("orders", ()) and task in SHOWN
