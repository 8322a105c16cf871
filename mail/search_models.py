"""What a search looks things up in; imported from `mail.models`."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models


class PostWords(models.Model):
    """What a post is found by, apart from it: so that reading posts does not read this, too."""

    post = models.OneToOneField("mail.Post", models.CASCADE, primary_key=True, related_name="+")
    words = SearchVectorField()
    version = models.PositiveSmallIntegerField()  # of `mail.words` that made it

    class Meta:
        # What was added lately waits in a list that every search reads: so it is kept short.
        indexes = [GinIndex(fields=["words"], name="post_by_words", gin_pending_list_limit=256)]

    def __str__(self) -> str:
        return str(self.post_id)
