"""A project written for a Python-only tracker of the same interface runs here unchanged.

Its models, tasks, imports and settings are the examples of such a package's README.
"""

import json

import pytest

from own_project import PATIENCE, OwnProject
from servers import RedisServer, free_port, wait_for

pytestmark = pytest.mark.slow

SETTINGS = """
SECRET_KEY = "moved"
USE_TZ = True
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "celery_task_tracker",
    "myapp",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
CELERY_BROKER_URL = "redis://127.0.0.1:PORT/0"

CELERY_TASKTRACKER_REDIS_URL = "redis://127.0.0.1:PORT/1"
TASK_TRACKER_RETENTION_WINDOW = 3600
TASK_TRACKER_PAGE_SIZE = 20
TASK_TRACKER_MAX_PAGE_SIZE = 100
"""

FILES = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
""",
    "project_celery.py": """
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
app = Celery("project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
""",
    "urls.py": """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
""",
    "myapp/__init__.py": "from project_celery import app as celery_app",
    "myapp/models.py": """
from django.db import models

class Customer(models.Model):
    email = models.EmailField()

class Order(models.Model):
    account_id = models.IntegerField()
    reference = models.CharField(max_length=20)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)

class Warehouse(models.Model): ...
class Product(models.Model): ...
""",
    "myapp/admin.py": """
from django.contrib import admin
from .models import Order, Product, Warehouse

admin.site.register([Order, Product, Warehouse])
""",
    "myapp/tasks.py": """
from celery import shared_task
from celery_task_tracker import FromModel, task_tracker
from myapp.models import Order, Product, Warehouse

@task_tracker.register(Order)
@shared_task
def process_payment(order_id):
    order = Order.objects.get(pk=order_id)
    return f"paid {order.reference}"

@task_tracker.register(
    Order,
    id_query=("account_id", "reference"),
    launch_args=(FromModel("account_id"), FromModel("reference")),
)
@shared_task
def fulfill_order(account_id: int, reference: str):
    raise RuntimeError("out of stock")

@task_tracker.register(Order, id_query={"customer__email": "email"},
                       launch_kwargs={"email": FromModel("customer.email")})
@shared_task
def send_confirmation_email(email):
    return email

@task_tracker.register(Warehouse)
@task_tracker.register(Product, id_query="product_id")
@shared_task
def restock_product(warehouse_id, product_id):
    return "restocked"

@task_tracker.register(Order, hidden=True)
@shared_task
def internal_cleanup(order_id):
    return "clean"
""",
    "send.py": """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from myapp import tasks
from myapp.models import Customer, Order, Product, Warehouse

customer = Customer.objects.create(email="a@example.com")
order = Order.objects.create(pk=42, account_id=7, reference="A-1", customer=customer)
warehouse, product = Warehouse.objects.create(pk=3), Product.objects.create(pk=5)
tasks.process_payment.delay(order_id=42)
tasks.fulfill_order.delay(7, "A-1")
tasks.send_confirmation_email.delay("a@example.com")
tasks.internal_cleanup.delay(42)
tasks.restock_product.delay(3, 5)
""",
    "look.py": """
import json, os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client
from celery_task_tracker import TaskTrackerConfig

client = Client()
client.force_login(User.objects.get_or_create(username="a", is_staff=True, is_superuser=True)[0])
def tracked(model, pk):
    rows = client.get(f"/admin/myapp/{model}/{pk}/task-tracker/list/").json()
    return {row["name"].rpartition(".")[2]: row["state"] for row in rows["tasks"]}
page = client.get("/admin/myapp/order/42/task-tracker/").content.decode()
print(json.dumps({
    "order": tracked("order", 42),
    "warehouse": tracked("warehouse", 3),
    "product": tracked("product", 5),
    "button": "task-tracker-link" in client.get("/admin/myapp/order/42/change/").content.decode(),
    "page_size": TaskTrackerConfig().TASK_TRACKER_PAGE_SIZE,
}))
""",
    "launch.py": """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
import django
django.setup()
from django.contrib.auth.models import User
from django.test import Client

client = Client()
client.force_login(User.objects.get(username="a"))
answers = [
    client.post("/admin/myapp/order/42/task-tracker/launch/", {"task": f"myapp.tasks.{name}"})
    for name in ("process_payment", "send_confirmation_email", "fulfill_order", "internal_cleanup")
]
print(json.dumps([answer.status_code < 300 for answer in answers]))
""",
}


@pytest.fixture
def moved(tmp_path):
    """The project, with its worker and a Redis that has the module."""
    server = RedisServer(free_port(), with_module=True).start()
    project = OwnProject(tmp_path)
    project.write("settings.py", SETTINGS.replace("PORT", str(server.port)) + PATIENCE)
    for name, text in FILES.items():
        project.write(name, text)
    project.run("python manage.py check --fail-level WARNING")
    project.run("python manage.py migrate --run-syncdb --verbosity 0")
    project.start("celery -A project_celery worker --loglevel INFO --concurrency 2", " ready.")
    yield project
    project.stop()
    server.kill()


def test_a_project_of_the_python_only_tracker_runs_unchanged(moved):
    moved.run("python send.py")
    expected = {
        "order": {
            "process_payment": "SUCCESS",
            "fulfill_order": "FAILURE",
            "send_confirmation_email": "SUCCESS",
            "internal_cleanup": "SUCCESS",
        },
        "warehouse": {"restock_product": "SUCCESS"},
        "product": {"restock_product": "SUCCESS"},
        "button": True,
        "page_size": 20,
    }
    wait_for(lambda: seen(moved) == expected, "what the project's page shows")
    # What is hidden is tracked, and not launched.
    assert json.loads(moved.run("python launch.py").splitlines()[-1]) == [True, True, True, False]


def seen(project):
    return json.loads(project.run("python look.py").splitlines()[-1])
