import random
from datetime import timedelta

from django.contrib.auth.models import Permission, User
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

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
FIRST_ORDER, LAST_ORDER = 1001, 1060


class Command(BaseCommand):
    help = "Fills the shop, once, and makes the users of the demo."

    def handle(self, *args, **options):
        self.make_users()
        if not Order.objects.exists():
            self.fill()

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
        chance = random.Random(1042)
        customers = Customer.objects.bulk_create(
            Customer(
                name=name,
                email=f"{name.split()[0].lower()}@mail.example",
                is_member=index % 3 == 0,
            )
            for index, name in enumerate(CUSTOMERS)
        )
        products = Product.objects.bulk_create(
            Product(name=name, sku=sku, price=price, stock=chance.randrange(5, 200))
            for name, sku, price in PRODUCTS
        )
        Warehouse.objects.bulk_create(Warehouse(city=city, code=code) for city, code in WAREHOUSES)
        now = timezone.now()
        orders = Order.objects.bulk_create(
            Order(
                pk=pk,
                customer=chance.choice(customers),
                placed_at=now - timedelta(minutes=37 * (LAST_ORDER - pk)),
            )
            for pk in range(FIRST_ORDER, LAST_ORDER + 1)
        )
        OrderLine.objects.bulk_create(
            OrderLine(order=order, product=product, quantity=chance.randrange(1, 4))
            for order in orders
            for product in chance.sample(products, chance.randrange(1, 4))
        )
