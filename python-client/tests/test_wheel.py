"""The built package as a new user has it: a fresh environment, a new project, the README."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import celery_task_tracker
from servers import RedisServer, free_port

PACKAGE = Path(__file__).resolve().parent.parent

SETTINGS = """
SECRET_KEY = "new"
USE_TZ = True
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "celery_task_tracker",
    "shop",
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
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CELERY_TASKTRACKER_REDIS_URL = "%s"
"""

FILES = {
    "urls.py": """
from django.contrib import admin
from django.urls import path
urlpatterns = [path("admin/", admin.site.urls)]
""",
    "shop/__init__.py": "",
    "shop/models.py": """
from django.db import models
class Order(models.Model): ...
""",
    "shop/admin.py": """
from django.contrib import admin
from .models import Order
admin.site.register(Order)
""",
    "shop/tasks.py": """
from celery import shared_task
from celery_task_tracker import task_tracker
from .models import Order

@task_tracker.register(Order)
@shared_task
def process_payment(order_id):
    return f"paid {order_id}"
""",
    "use.py": """
import django
django.setup()
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
import celery_task_tracker
from celery_task_tracker import task_tracker
from shop.models import Order
from shop.tasks import process_payment

call_command("migrate", run_syncdb=True, verbosity=0)
call_command("check", deploy=True, fail_level="ERROR")
call_command("tracker_status")
order = Order.objects.create()
sent = process_payment.apply((order.pk,))
(task,) = task_tracker.tasks(order).tasks
assert (task.id, task.state, task.result) == (sent.id, "SUCCESS", f"paid {order.pk}")
client = Client()
client.force_login(User.objects.create_superuser("admin"))
form = client.get(f"/admin/shop/order/{order.pk}/change/").content.decode()
assert "task-tracker-link" in form
page = client.get(f"/admin/shop/order/{order.pk}/task-tracker/")
assert page.status_code == 200
rows = client.get(f"/admin/shop/order/{order.pk}/task-tracker/list/").json()
assert rows["total"] == 1
for file in ("page/task_tracker.js", "task_tracker.css", "table/rows.js"):
    assert finders.find(f"celery_task_tracker/{file}"), file
print("imported from", celery_task_tracker.__file__, "version", celery_task_tracker.__version__)
""",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the wheel and the sdist, built as for a release."""
    source = tmp_path_factory.mktemp("source") / "package"
    ignored = shutil.ignore_patterns("var", "__pycache__", ".*", "dist")
    shutil.copytree(PACKAGE, source, ignore=ignored)
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", source / "dist", source],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return source / "dist"


def test_the_wheel_has_every_file_of_the_package(built):
    (wheel,) = built.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    source = PACKAGE / "src"
    expected = {
        str(path.relative_to(source))
        for path in (source / "celery_task_tracker").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= inside
    assert "celery_task_tracker/py.typed" in inside
    assert wheel.name.startswith(f"celery_task_tracker-{celery_task_tracker.__version__}-")
    (sdist,) = built.glob("*.tar.gz")
    assert celery_task_tracker.__version__ in sdist.name


def test_a_new_project_with_the_wheel_gets_tracking(built, tmp_path):
    (wheel,) = built.glob("*.whl")
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    python = environment / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
    server = RedisServer(free_port(), with_module=True)
    try:
        server.start()
        project = tmp_path / "project"
        (project / "shop").mkdir(parents=True)
        (project / "settings.py").write_text(SETTINGS % server.url)
        for name, content in FILES.items():
            (project / name).write_text(content)
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTHON", "DJANGO", "TEST", "COV"))
        }
        done = subprocess.run(
            [python, "use.py"],
            cwd=project,
            env={**inherited, "DJANGO_SETTINGS_MODULE": "settings"},
            capture_output=True,
            text=True,
        )
    finally:
        server.remove()
    assert done.returncode == 0, done.stderr
    assert f"imported from {environment}" in done.stdout
    assert f"version {celery_task_tracker.__version__}" in done.stdout
    assert "The tracker is ready." in done.stdout
