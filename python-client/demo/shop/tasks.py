"""What the shop does in the background: tasks that go well, and tasks that do not."""

import random
import time
from decimal import Decimal

from celery import shared_task
from celery.exceptions import Ignore, Reject
from celery.utils.log import get_task_logger
from django.db.models import F
from django.utils import timezone

from celery_task_tracker import FromModel, Launch, task_tracker

from .models import Customer, Order, Product, Warehouse

logger = get_task_logger(__name__)


class PaymentGatewayTimeout(Exception):
    pass


class CourierUnavailable(Exception):
    pass


class NoBox(Exception):
    pass


@task_tracker.register(Order)
@shared_task
def process_payment(order_id):
    """Charges the customer's card for the order."""
    order = Order.objects.get(pk=order_id)
    lines = order.orderline_set.select_related("product")
    total = sum((line.quantity * line.product.price for line in lines), Decimal())
    time.sleep(random.uniform(0.8, 3))
    Order.objects.filter(pk=order_id).update(status=Order.Status.PAID)
    return {"charged": str(total), "currency": "EUR", "lines": len(lines), "gateway": "acme-pay"}


@task_tracker.register(
    Order, launch_kwargs={"order_id": FromModel("pk"), "to": FromModel("customer.email")}
)
@shared_task(bind=True, max_retries=3)
def send_confirmation_email(self, order_id, to=None):
    """Mails the order confirmation, by a mail server that drops the first connection."""
    time.sleep(random.uniform(0.3, 1))
    if self.request.retries == 0:
        raise self.retry(
            exc=ConnectionResetError(104, "Mail server closed the connection"), countdown=8
        )
    return {"sent_to": to, "message_id": f"<{self.request.id}@shop.example>"}


@task_tracker.register(Order)
@shared_task(
    autoretry_for=(CourierUnavailable,), max_retries=2, retry_backoff=6, retry_jitter=False
)
def book_courier(order_id):
    """Books a courier, and fails: none is ever free."""
    time.sleep(random.uniform(0.5, 1.5))
    raise CourierUnavailable(f"No courier free for order {order_id} before Monday")


@task_tracker.register(Order)
@shared_task
def generate_invoice(order_id):
    """Renders the invoice, page by page: it takes half a minute."""
    for page in range(30):
        task_tracker.progress(page, total=30, message="pages rendered")
        logger.info("Rendering page %d of the invoice of order %s", page + 1, order_id)
        time.sleep(1)
    number = f"2026-{order_id:05d}"
    Order.objects.filter(pk=order_id).update(invoice_number=number, invoiced_at=timezone.now())
    return {"invoice": number, "pages": 30}


@task_tracker.register(Order)
@shared_task
def check_fraud(order_id, threshold=0.8):
    """Scores the order, by a rule that fails for customers without history."""
    time.sleep(random.uniform(0.4, 1.2))
    order = Order.objects.select_related("customer").get(pk=order_id)
    return {"score": _fraud_score(order.customer), "threshold": threshold}


def _fraud_score(customer):
    history = {"orders": 4, "chargebacks": 0}
    return _ratio(history["orders"], history["chargebacks"])


def _ratio(orders, chargebacks):
    return round(orders / chargebacks, 3)


@task_tracker.register(Order)
@shared_task
def notify_loyalty_program(order_id):
    """Credits loyalty points, or has nothing to do for customers who are no members."""
    time.sleep(random.uniform(0.2, 0.6))
    order = Order.objects.select_related("customer").get(pk=order_id)
    if not order.customer.is_member:
        raise Ignore()
    return {"points": 120}


@task_tracker.register(Order)
@shared_task(acks_late=True)
def validate_address(order_id, country="DE"):
    """Checks the address, and rejects what it has no register for."""
    time.sleep(random.uniform(0.2, 0.6))
    if country not in {"DE", "FR", "ES"}:
        raise Reject(f"no address register for {country}", requeue=False)
    return {"valid": True, "country": country}


@task_tracker.register(
    Order,
    launches=[
        Launch("Keep the originals", kwargs={"keep": True}),
        Launch(
            "Shred the originals",
            kwargs={"keep": False},
            confirm="The paper originals cannot be restored. Go on?",
        ),
    ],
)
@shared_task
def archive_order(order_id, keep=True):
    """Moves the order's papers to the archive; the shop sends it with a delay."""
    time.sleep(random.uniform(0.3, 1))
    return {"archived": True, "originals": "kept" if keep else "shredded"}


def order_of(label):
    """The order that a parcel with this label, such as "1042-2", belongs to."""
    return label.partition("-")[0]


@task_tracker.register(Order, id_query=order_of, hidden=True)
@shared_task(bind=True)
def pack_parcel(self, label):
    """Packs one of an order's parcels, beside the others, and sometimes finds no box for it."""
    for item in range(5):
        self.update_state(state="PROGRESS", meta={"current": item, "total": 5})
        time.sleep(random.uniform(0.2, 0.6))
    if random.random() < 0.1:
        raise NoBox(f"No box left for parcel {label}")
    return {"parcel": label, "weight": round(random.uniform(0.4, 8), 1)}


@task_tracker.register(Order, hidden=True)
@shared_task
def hand_over_parcels(order_id):
    """Gives all parcels of the order to the courier, once they are packed."""
    time.sleep(random.uniform(0.3, 1))
    return {"handed_over": True}


@task_tracker.register(Order, hidden=True)
@shared_task
def refresh_search_index(order_id):
    """Tracked, but not offered for launching."""
    time.sleep(0.2)


@task_tracker.register(Warehouse, launch_kwargs={"warehouse_id": FromModel("pk"), "product_id": 1})
@task_tracker.register(
    Product, id_query="product_id", launch_kwargs={"warehouse_id": 1, "product_id": FromModel("pk")}
)
@shared_task
def restock_product(warehouse_id, product_id, quantity=20):
    """Brings a product into a warehouse: shown on both pages."""
    time.sleep(random.uniform(1, 3))
    Product.objects.filter(pk=product_id).update(stock=F("stock") + quantity)
    return {"added": quantity}


@task_tracker.register(Customer)
@shared_task
def send_newsletter(customer_id, api_key=None):
    """Sends the newsletter. Its api_key is stored as "[redacted]"."""
    time.sleep(random.uniform(0.3, 1))
    return "sent"
