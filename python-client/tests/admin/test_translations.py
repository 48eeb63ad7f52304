"""The catalogues: each has a translation of every text, with its placeholders and tags."""

import gettext
import re
from io import BytesIO
from pathlib import Path

import django
import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.pofile import read_po
from django.contrib import admin
from django.utils import translation
from django.utils.translation.template import templatize

from celery_task_tracker.admin.strings import state_labels
from celery_task_tracker.registration.resolution import ObjectRef
from celery_task_tracker.server.client import get_client
from celery_task_tracker.server.writes import Event
from servers import REPOSITORY
from shop.models import Order

PACKAGE = REPOSITORY / "python-client" / "src" / "celery_task_tracker"
LANGUAGES = ("de", "es", "fa", "fr")

KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def texts_of(content):
    """``(context, text, plural)`` of each text in Python code, with empty context and plural."""
    for _, message, _, context in extract("python", BytesIO(content.encode()), KEYWORDS):
        text, plural = message if isinstance(message, tuple) else (message, "")
        yield context or "", text, plural


def texts():
    """Every text that the package asks a translation of."""
    found = set()
    for file in sorted(PACKAGE.rglob("*")):
        if file.suffix == ".py":
            found.update(texts_of(file.read_text()))
        elif file.suffix == ".html":
            found.update(texts_of(templatize(file.read_text())))
    return found


def catalogue(language):
    path = PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


def entries(language):
    """``{(context, text, plural): message}`` of a catalogue, without its header."""
    found = {}
    for message in catalogue(language):
        if message.id:
            text, plural = message.id if isinstance(message.id, tuple) else (message.id, "")
            found[message.context or "", text, plural] = message
    return found


def forms(message):
    """Every translation of a message, that of each plural."""
    return message.string if isinstance(message.string, tuple) else (message.string,)


def compiled(language):
    path = PACKAGE / "locale" / language / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)


def parts(text):
    """What a translation has to keep: placeholders and tags."""
    return sorted(re.findall(r"%\(\w+\)[a-z]|%[a-z](?!\w)|\{\w+\}|</?\w+[^>]*>", text))


def test_the_package_is_looked_at():
    assert len(texts()) > 100
    assert ("task state", "Pending", "") in texts()
    assert ("", "%(count)d failure", "%(count)d failures") in texts()
    assert ("", "Refresh now", "") in texts()
    assert ("", "Refresh every {seconds} s", "") in texts()


@pytest.mark.parametrize("language", LANGUAGES)
class TestCatalogue:
    def test_it_leaves_djangos_own_words_what_they_are(self, language):
        # All catalogues become one: a word of Django's that is translated otherwise here would be
        # so in the whole project.
        plain = [each for each in catalogue(language) if each.id and not each.context]
        own = Path("locale") / language / "LC_MESSAGES" / "django.mo"
        for app in ("conf", "contrib/admin", "contrib/auth", "contrib/contenttypes"):
            with (Path(django.__file__).parent / app / own).open("rb") as file:
                django_says = gettext.GNUTranslations(file).gettext
            for message in plain:
                if not message.pluralizable:
                    assert django_says(message.id) in (message.id, message.string)

    def test_it_has_every_text_and_no_other(self, language):
        assert set(entries(language)) == texts(), "run `make messages`"

    def test_every_text_is_translated_for_certain(self, language):
        unsure = [
            key
            for key, message in entries(language).items()
            if message.fuzzy or not all(form.strip() for form in forms(message))
        ]
        assert unsure == []
        assert not catalogue(language).fuzzy

    def test_placeholders_and_tags_are_kept(self, language):
        for (_, text, plural), message in entries(language).items():
            expected = parts(plural or text)
            for form in forms(message):
                assert parts(form) == expected, form

    def test_what_surrounds_a_text_is_kept(self, language):
        for (_, text, _), message in entries(language).items():
            for form in forms(message):
                assert form == form.strip(), form
                assert (text[-1] in ".…?:") == (form[-1] in ".…?؟:"), form

    def test_each_number_has_its_form(self, language):
        rule = catalogue(language).plural_expr
        count = catalogue(language).num_plurals
        form_of = gettext.c2py(rule)
        assert {form_of(number) for number in (0, 1, 2, 5, 1_000_000)} == set(range(count))
        assert form_of(1) == 0 != form_of(2)
        for (_, _, plural), message in entries(language).items():
            assert len(forms(message)) == (count if plural else 1)

    def test_it_is_compiled(self, language):
        known = compiled(language)
        for (context, text, plural), message in entries(language).items():
            if plural:
                form_of = gettext.c2py(catalogue(language).plural_expr)
                for number in (0, 1, 2, 5, 1_000_000):
                    form = forms(message)[form_of(number)]
                    assert known.ngettext(text, plural, number) == form, "run `make messages`"
            elif context:
                assert known.pgettext(context, text) == message.string, "run `make messages`"
            else:
                assert known.gettext(text) == message.string, "run `make messages`"
        ids = {key for key in known._catalog if key}
        assert len({key[0] if isinstance(key, tuple) else key for key in ids}) == len(
            entries(language)
        )

    def test_words_of_the_admin_are_those_of_the_admin(self, language):
        """Django merges all catalogues: another word for the same text would change its pages."""
        folder = Path(admin.__file__).parent / "locale" / language / "LC_MESSAGES"
        with (folder / "django.mo").open("rb") as file:
            theirs = gettext.GNUTranslations(file)
        shared = [
            text
            for context, text, plural in entries(language)
            if not context and not plural and theirs.gettext(text) != text
        ]
        assert "Home" in shared
        for text in shared:
            assert compiled(language).gettext(text) == theirs.gettext(text)


def test_no_language_is_forgotten():
    folders = {path.name for path in (PACKAGE / "locale").iterdir()}
    assert folders == set(LANGUAGES)


@pytest.mark.parametrize(
    ("language", "state", "failures", "button", "refusal"),
    [
        (
            "de",
            "Fehlgeschlagen",
            "2 fehlgeschlagen",
            "Aufgaben-Tracker",
            "page muss eine ganze Zahl",
        ),
        ("es", "Fallida", "2 fallidas", "Seguimiento de tareas", "page debe ser un número"),
        ("fa", "ناموفق", "2 ناموفق", "پیگیری وظیفه‌ها", "page باید عددی صحیح"),
        ("fr", "Échouée", "2 échouées", "Suivi des tâches", "page doit être un nombre"),
    ],
)
@pytest.mark.django_db
def test_the_reader_is_answered_in_their_language(
    admin_client, settings, tracker, language, state, failures, button, refusal
):
    settings.LANGUAGE_CODE = language
    settings.TASK_TRACKER_CHANGELIST_COLUMN = True
    Order.objects.create(pk=1)
    ref = ObjectRef("shop.order", "1")
    for task_id in ("t1", "t2"):
        get_client().write([Event((ref,), task_id, "shop.tasks.fail", "FAILURE", 0, 1)])
    with translation.override(language):
        assert state_labels()["FAILURE"] == state
        page = admin_client.get("/admin/shop/order/1/change/").content.decode()
        assert button in page
        page = admin_client.get("/admin/shop/order/1/task-tracker/").content.decode()
        assert button in page
        page = admin_client.get("/admin/shop/order/").content.decode()
        assert f">{state}</a>" in page
        assert failures in page
        response = admin_client.get("/admin/shop/order/1/task-tracker/list/?page=0")
        assert refusal in response.json()["error"]["message"]
