import itertools
import random
import time

from celery import chain, group
from django.core.management.base import BaseCommand

from shop import tasks
from shop.models import Customer, Order, Product, Warehouse

#: The order whose page the demo shows.
STAR = 1042
#: Seconds between two tasks, and between two waves of tasks for the star.
PAUSE, WAVE = 2.5, 24


class Command(BaseCommand):
    help = "Sends a steady trickle of tasks, as a shop's day would. Runs until it is ended."

    def handle(self, *args, **options):
        for minutes, order in enumerate(some_orders(6), 4):
            tasks.archive_order.apply_async((order,), countdown=minutes * 300)
        next_wave = time.monotonic()
        waves = itertools.count()
        while True:
            if time.monotonic() >= next_wave:
                self.wave(next(waves))
                next_wave += WAVE
            self.everyday()
            time.sleep(PAUSE)

    def wave(self, number):
        """A burst for one order: more than the worker can take at once, so that some wait."""
        tasks.archive_order.apply_async((STAR,), countdown=WAVE * 0.8)
        tasks.generate_invoice.delay(STAR)
        tasks.check_fraud.delay(order_id=STAR)
        tasks.book_courier.delay(STAR)
        tasks.send_confirmation_email.delay(STAR, to="customer@mail.example")
        tasks.process_payment.delay(order_id=STAR)
        chain(
            tasks.validate_address.si(STAR),
            group(tasks.pack_parcel.si(f"{STAR}-{parcel}") for parcel in range(1, 5)),
            tasks.hand_over_parcels.si(STAR),
        ).delay()
        if number % 2:
            tasks.notify_loyalty_program.delay(STAR)
        if number % 3 == 1:
            tasks.validate_address.delay(STAR, country="AQ")
        for order in some_orders(1):
            chain(
                tasks.process_payment.si(order_id=order),
                tasks.generate_invoice.si(order),
                tasks.notify_loyalty_program.si(order),
            ).delay()

    def everyday(self):
        """One task for any object of the shop."""
        (order,) = some_orders(1)
        customer = Customer.objects.order_by("?").values_list("pk", flat=True).first()
        product = Product.objects.order_by("?").values_list("pk", flat=True).first()
        warehouse = Warehouse.objects.order_by("?").values_list("pk", flat=True).first()
        send = random.choice(
            [
                lambda: tasks.process_payment.delay(order_id=order),
                lambda: tasks.process_payment.delay(STAR),
                lambda: tasks.validate_address.delay(order),
                lambda: tasks.check_fraud.delay(order),
                lambda: tasks.send_confirmation_email.delay(order),
                lambda: tasks.refresh_search_index.delay(order),
                lambda: tasks.restock_product.delay(warehouse, product_id=product),
                lambda: tasks.send_newsletter.delay(customer, api_key="sk-demo-1234"),
            ]
        )
        send()


def some_orders(count):
    """Keys of orders by chance, most of them new: the change list shows those first."""
    newest = Order.objects.order_by("-pk").exclude(pk=STAR).values_list("pk", flat=True)
    return random.sample(list(newest[: random.choice([20, 20, 100])]), count)
