import math
import random
import time
from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from celery_task_tracker import task_tracker
from shop import history
from shop.models import Customer, Order, OrderLine, Product, Warehouse

CUSTOMERS = [
    "Amara Okafor", "Bjarne Lindqvist", "Chiara Romano", "Daniel Weiss", "Elif Demir",
    "Farid Haddad", "Grace Mensah", "Hana Suzuki", "Ines Carvalho", "Jonas Weber",
    "Katarzyna Nowak", "Liam O'Connor",
]  # fmt: skip
PRODUCTS = [
    ("Walnut desk lamp", "LMP-104", "89.00"), ("Linen notebook, A5", "NTB-021", "14.50"),
    ("Ceramic pour-over set", "CFE-310", "42.00"), ("Merino travel blanket", "BLK-077", "119.00"),
    ("Oak monitor stand", "STD-008", "64.90"), ("Brass bookends", "BKE-015", "38.00"),
    ("Felt laptop sleeve", "SLV-140", "29.00"), ("Wall calendar 2027", "CAL-027", "18.00"),
]  # fmt: skip
WAREHOUSES = [("Hamburg", "HAM1"), ("Lyon", "LYS2"), ("Valencia", "VLC1")]
FIRST_ORDER = 1001
#: The orders were placed within this time before now, more of them by day than by night.
SPAN = timedelta(days=3)
#: What was deployed, and how many hours ago. The gateway failed between the last two.
DEPLOYS = (("v2.3", 31), ("v2.4", 7.1), ("v2.4.1", 5.9))
#: The most records of one order, on average: with more records come more orders.
RECORDS_PER_ORDER = 40


class Command(BaseCommand):
    help = "Fills the shop, makes the users of the demo, and stores tasks of the past days."

    def add_arguments(self, parser):
        parser.add_argument("--records", type=int, default=600, help="how many tasks")

    def handle(self, *args, records, **options):
        self.now = timezone.now()
        self.chance = random.Random(1042)
        self.make_users()
        if not Customer.objects.exists():
            self.fill()
        if history.is_there():
            return
        self.place_orders(max(60, math.ceil(records / RECORDS_PER_ORDER)))
        self.last_told = time.monotonic()
        history.History(self.chance, self.now).write(records, lambda done: self.tell(done, records))
        for version, hours in DEPLOYS:
            task_tracker.mark(version, at=self.now - timedelta(hours=hours))

    def tell(self, done, records):
        """Prints a line now and then: many records take a while."""
        if time.monotonic() - self.last_told > 5:
            self.last_told = time.monotonic()
            self.stdout.write(f"Stored {done:,} of {records:,} tasks")
            self.stdout.flush()

    def make_users(self):
        if not User.objects.filter(username="admin").exists():
            User.objects.create_superuser("admin", "admin@shop.example", "admin")
        if not User.objects.filter(username="viewer").exists():
            viewer = User.objects.create_user("viewer", password="viewer", is_staff=True)
            viewer.user_permissions.set(
                Permission.objects.filter(
                    content_type__app_label="shop", codename__startswith="view"
                )
            )

    @transaction.atomic
    def fill(self):
        Customer.objects.bulk_create(
            Customer(
                name=name,
                email=f"{name.split()[0].lower()}@mail.example",
                is_member=index % 3 == 0,
            )
            for index, name in enumerate(CUSTOMERS)
        )
        Product.objects.bulk_create(
            Product(name=name, sku=sku, price=price, stock=self.chance.randrange(5, 200))
            for name, sku, price in PRODUCTS
        )
        Warehouse.objects.bulk_create(Warehouse(city=city, code=code) for city, code in WAREHOUSES)

    @transaction.atomic
    def place_orders(self, wanted):
        """Adds the orders that are missing, and lets all of them be of the past days."""
        customers, products = list(Customer.objects.all()), list(Product.objects.all())
        new = Order.objects.bulk_create(
            Order(pk=pk, customer=self.chance.choice(customers), placed_at=self.now)
            for pk in range(FIRST_ORDER + Order.objects.count(), FIRST_ORDER + wanted)
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, product=product, quantity=self.chance.randrange(1, 4))
            for order in new
            for product in self.chance.sample(products, self.chance.randrange(1, 4))
        )
        orders = list(Order.objects.order_by("pk"))
        for order, age in zip(orders, self.ages(len(orders)), strict=True):
            order.placed_at = self.now - age
            if age > timedelta(hours=6):
                order.status = Order.Status.SHIPPED
            elif age > timedelta(minutes=5):
                order.status = Order.Status.PAID
        Order.objects.bulk_update(orders, ["placed_at", "status"], batch_size=250)

    def ages(self, count):
        """How long ago the orders were placed, the oldest first."""
        ages = []
        while len(ages) < count:
            age = SPAN * self.chance.random()
            hour = (self.now - age).hour
            if self.chance.random() < (0.15 if hour < 6 else 1):
                ages.append(age)
        return sorted(ages, reverse=True)
