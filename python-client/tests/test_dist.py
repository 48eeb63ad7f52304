"""What a release consists of, as a new user has it: a fresh environment, no compiler, the README.

TRACKER_DIST names a folder that ``make dist`` has filled. Without it these tests build the two
packages themselves, with the module that the other tests use.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import redis

import celery_task_tracker
from celery_task_tracker.server.local import LocalServer
from servers import EVERY_SERVER, HOST, REPOSITORY, SERVER, free_port, module_path, wait_for

PACKAGE = REPOSITORY / "python-client"
LIBRARY = "celery_task_tracker_module/libtracker.so"

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
# Not needed but on machines that have much else to do.
TASK_TRACKER_CONNECT_TIMEOUT = TASK_TRACKER_SOCKET_TIMEOUT = 10
"""

FILES = {
    "manage.py": """
import os, sys
from django.core.management import execute_from_command_line
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
""",
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
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
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
for file in ("page/task_tracker.js", "page/page.css", "table/rows.js"):
    assert finders.find(f"celery_task_tracker/{file}"), file
print("imported from", celery_task_tracker.__file__, "version", celery_task_tracker.__version__)
""",
}


#: A test of such a project, with the fixture that pytest finds by itself.
OWN_TEST = """
import pytest
from celery_task_tracker import task_tracker
from shop.models import Order
from shop.tasks import process_payment

@pytest.mark.django_db
@pytest.mark.parametrize("time", [1, 2])
def test_payments_are_tracked(empty_task_tracker, time):
    order = Order.objects.create(pk=1042)
    sent = process_payment.apply((order.pk,))
    (task,) = task_tracker.tasks(order).tasks
    assert (task.id, task.state) == (sent.id, "SUCCESS")
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with all that a release consists of."""
    if "TRACKER_DIST" in os.environ:
        return Path(os.environ["TRACKER_DIST"]).resolve()
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, REPOSITORY / "packaging/dist.py", folder],
        check=True,
        env={**os.environ, "TRACKER_MODULE": str(module_path())},
        stdout=subprocess.DEVNULL,
    )
    return folder


@pytest.fixture(scope="module")
def package(built):
    (wheel,) = built.glob("celery_task_tracker-*.whl")
    return wheel


@pytest.fixture(scope="module")
def module(built):
    (wheel,) = built.glob("celery_task_tracker_module-*.whl")
    return wheel


@pytest.fixture(scope="module")
def environment(package, module, tmp_path_factory):
    """A virtual environment with the wheels and what they ask for."""
    folder = tmp_path_factory.mktemp("an environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip(folder, f"{package}[module]", module)
    return folder


@pytest.fixture
def python(environment, tmp_path):
    """Starts Python with these arguments where nothing is to be had but that and a server."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "redis-server").symlink_to(shutil.which(SERVER))
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "DJANGO", "TEST", "TRACKER", "COV"))
    }

    def start(*arguments, **options):
        return subprocess.Popen(
            [environment / "bin" / "python", *arguments],
            env={**inherited, "PATH": str(programs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    return start


@pytest.fixture
def project(tmp_path):
    """A project with one model and one task, which has no setting of the tracker yet."""
    folder = tmp_path / "project"
    (folder / "shop").mkdir(parents=True)
    (folder / "settings.py").write_text(SETTINGS)
    for name, content in FILES.items():
        (folder / name).write_text(content)
    return folder


def pip(environment, *requirements):
    subprocess.run(
        [environment / "bin" / "python", "-m", "pip", "install", "--quiet", *requirements],
        check=True,
    )


def output(process, status=0):
    """All that a process printed, once it has ended with that status."""
    text, _ = process.communicate(timeout=300)
    assert process.returncode == status, text
    return text


def test_the_wheel_has_every_file_of_the_package(built, package):
    inside = set(zipfile.ZipFile(package).namelist())
    source = PACKAGE / "src"
    expected = {
        str(path.relative_to(source))
        for path in (source / "celery_task_tracker").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= inside
    assert "celery_task_tracker/py.typed" in inside


def test_everything_has_the_version_of_the_package(built, package, module):
    version = celery_task_tracker.__version__
    assert len(list(built.glob(f"*-{version}*"))) == 5
    metadata = zipfile.ZipFile(package).read(f"celery_task_tracker-{version}.dist-info/METADATA")
    # Installing a newer package brings its own module too.
    wanted = f"Requires-Dist: celery-task-tracker-module>={version}; extra == 'module'"
    assert wanted in metadata.decode().splitlines()


def test_the_links_of_the_packages_lead_to_this_version(built, tmp_path):
    """One variable has the address of the repository."""
    version = celery_task_tracker.__version__
    address = "https://git.example/shop/tracker"
    for project, wheel in (
        (PACKAGE, "celery_task_tracker"),
        (REPOSITORY / "packaging/module", "celery_task_tracker_module"),
    ):
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, project],
            check=True,
            env={
                **os.environ,
                "TRACKER_MODULE": str(module_path()),
                "TRACKER_PROJECT_URL": f"{address}/",
            },
            stdout=subprocess.DEVNULL,
        )
        metadata = f"{wheel}-{version}.dist-info/METADATA"
        (found,) = tmp_path.glob(f"{wheel}-*.whl")
        text = zipfile.ZipFile(found).read(metadata).decode()
        changelog = f"Project-URL: Changelog, {address}/blob/v{version}/CHANGELOG.md"
        assert changelog in text.splitlines()
        # No relative link is left for a page that has no files beside it.
        assert re.findall(r"\]\((?!https?:|#).*?\)", text) == []
        (plain,) = built.glob(f"{wheel}-*.whl")
        has_links = "\nProject-URL: " in zipfile.ZipFile(plain).read(metadata).decode()
        assert has_links == ("TRACKER_PROJECT_URL" in os.environ)
    pictures = f"({address}/raw/v{version}/python-client/screenshots/dashboard.png)"
    assert (
        pictures
        in zipfile.ZipFile(tmp_path / f"celery_task_tracker-{version}-py3-none-any.whl")
        .read(f"celery_task_tracker-{version}.dist-info/METADATA")
        .decode()
    )


def test_the_archive_has_the_module_of_the_wheel(built, module):
    (archive,) = built.glob("libtracker-*.tar.gz")
    with tarfile.open(archive) as content:
        inside = {entry.name.split("/")[1]: entry for entry in content.getmembers()}
        assert set(inside) == {"libtracker.so", "redis.conf.example", "LICENSE"}
        assert inside["libtracker.so"].mode == 0o755
        library = content.extractfile(inside["libtracker.so"]).read()
    assert library == zipfile.ZipFile(module).read(LIBRARY)
    assert re.fullmatch(r"libtracker-[\d.]+-\w+-\w+-\w+[\d.]*\.tar\.gz", archive.name)


def test_the_checksums_are_those_of_the_files(built):
    sums = dict(
        reversed(line.split("  ")) for line in (built / "SHA256SUMS").read_text().splitlines()
    )
    assert sums == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in built.iterdir()
        if file.name != "SHA256SUMS"
    }
    assert len(sums) == 5


def test_the_source_distribution_of_the_module_can_build_it(built):
    (sdist,) = built.glob("celery_task_tracker_module-*.tar.gz")
    with tarfile.open(sdist) as content:
        inside = {name.partition("/")[2] for name in content.getnames()}
    assert {"rust/Cargo.toml", "rust/Cargo.lock", "rust/src/lib.rs", "hatch_build.py"} <= inside


@pytest.mark.parametrize("program", EVERY_SERVER)
def test_servers_load_the_module_of_the_wheel(environment, program):
    (library,) = environment.glob(f"lib/python*/site-packages/{LIBRARY}")
    with (
        LocalServer(program=program, module=library) as server,
        redis.Redis.from_url(server.url, decode_responses=True) as client,
    ):
        task = ("shop.order", "1042", "3f0c")
        created = client.execute_command(
            "TRACKER.UPSERT", *task, "STATE", "STARTED", "NAME", "shop.pay"
        )
        assert created == "CREATED"
        assert "STARTED" in str(client.execute_command("TRACKER.GET", *task))


def test_the_module_prints_the_line_that_loads_it(python, tmp_path):
    port = free_port()
    line = output(python("-m", "celery_task_tracker_module"))
    path = output(python("-m", "celery_task_tracker_module", "--path"))
    # The folder's name has a space in it.
    assert line == f'loadmodule "{path.strip()}"\n'
    version = output(python("-m", "celery_task_tracker_module", "--version"))
    assert version == f"{celery_task_tracker.__version__}\n"
    configuration = tmp_path / "redis.conf"
    configuration.write_text(f'bind {HOST}\nport {port}\nsave ""\n{line}')
    server = subprocess.Popen([SERVER, configuration], stdout=subprocess.DEVNULL)
    try:
        with redis.Redis(host=HOST, port=port) as client:
            wait_for(lambda: answers(client), "the server with that line")
            assert client.execute_command("TRACKER.HELP")
    finally:
        server.kill()
        server.wait()


def answers(client):
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


def test_a_new_project_gets_tracking_without_a_compiler_or_a_configuration(
    python, project, environment
):
    server = python("manage.py", "tracker_server", cwd=project)
    try:
        told = []
        while not told or not told[-1].startswith("Ctrl-C"):
            told.append(server.stdout.readline())
            assert told[-1], told
        (setting,) = (line.strip() for line in told if "CELERY_TASKTRACKER_REDIS_URL" in line)
        with (project / "settings.py").open("a") as settings:
            settings.write(setting)
        used = output(python("use.py", cwd=project))
        server.terminate()
        output(server)
    finally:
        server.kill()
    assert f"imported from {environment}" in used
    assert f"version {celery_task_tracker.__version__}" in used
    assert "The tracker is ready." in used


def test_a_project_has_a_server_for_its_own_tests(python, project, environment, tmp_path):
    pip(environment, "pytest", "pytest-django")
    (project / "test_shop.py").write_text(OWN_TEST)
    run = ("-m", "pytest", "--ds", "settings")
    assert "2 passed" in output(python(*run, cwd=project))
    (tmp_path / "bin" / "redis-server").unlink()
    told = output(python(*run, cwd=project), status=1)
    assert "No redis-server or valkey-server was found" in told
