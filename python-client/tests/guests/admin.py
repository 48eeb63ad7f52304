"""One admin site for each package that has a ModelAdmin of its own."""

import nested_admin
from django.contrib import admin
from guardian.admin import GuardedModelAdmin
from import_export.admin import ImportExportModelAdmin
from parler.admin import TranslatableAdmin
from polymorphic.admin import PolymorphicChildModelAdmin, PolymorphicParentModelAdmin
from reversion.admin import VersionAdmin
from simple_history.admin import SimpleHistoryAdmin

from .models import Author, Chapter, Novel, Poem, Word, Work


class ChapterInline(nested_admin.NestedTabularInline):
    model = Chapter
    extra = 0


class NovelInline(nested_admin.NestedStackedInline):
    model = Novel
    inlines = [ChapterInline]
    extra = 0


class NestedAuthorAdmin(nested_admin.NestedModelAdmin):
    inlines = [NovelInline]


class ImportedAuthorAdmin(ImportExportModelAdmin): ...


class HistoricalAuthorAdmin(SimpleHistoryAdmin): ...


class VersionedAuthorAdmin(VersionAdmin): ...


class GuardedAuthorAdmin(GuardedModelAdmin): ...


class WorkAdmin(PolymorphicParentModelAdmin):
    base_model = Work
    child_models = [Work, Poem]


class PoemAdmin(PolymorphicChildModelAdmin):
    base_model = Work


class WordAdmin(TranslatableAdmin): ...


SITES = {}
for name, admins in {
    "nested": {Author: NestedAuthorAdmin},
    "imported": {Author: ImportedAuthorAdmin},
    "historical": {Author: HistoricalAuthorAdmin},
    "versioned": {Author: VersionedAuthorAdmin},
    "guarded": {Author: GuardedAuthorAdmin},
    "polymorphic": {Work: WorkAdmin, Poem: PoemAdmin},
    "translated": {Word: WordAdmin},
}.items():
    SITES[name] = admin.AdminSite(name=name)
    for model, model_admin in admins.items():
        SITES[name].register(model, model_admin)
