"""Models for the admins of other packages. They need what only the session ``guests`` installs."""

from django.db import models
from parler.models import TranslatableModel, TranslatedFields
from polymorphic.models import PolymorphicModel
from simple_history.models import HistoricalRecords


class Author(models.Model):
    name = models.CharField(max_length=100)
    history = HistoricalRecords()

    def __str__(self):
        return self.name


class Novel(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    def __str__(self):
        return f"Novel {self.pk}"


class Chapter(models.Model):
    novel = models.ForeignKey(Novel, on_delete=models.CASCADE)

    def __str__(self):
        return f"Chapter {self.pk}"


class Work(PolymorphicModel):
    title = models.CharField(max_length=100)

    def __str__(self):
        return self.title


class Poem(Work):
    """What a work may be."""


class Word(TranslatableModel):
    translations = TranslatedFields(text=models.CharField(max_length=100))

    def __str__(self):
        return self.text
