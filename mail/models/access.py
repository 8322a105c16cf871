"""What lets a person in: sessions of browsers, and tokens of programs; from `mail.models`."""

import hashlib
from importlib import import_module

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _


class Session(AbstractBaseSession):
    """A browser in which somebody is signed in, as `mail.sessions` stores it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="sessions"
    )
    user_agent = models.CharField(max_length=300, blank=True)
    started = models.DateTimeField(null=True)
    last_seen = models.DateTimeField(null=True)

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """As Django asks for it."""
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store

    @property
    def handle(self) -> str:
        """What a page calls it by: the key itself would let in whoever sees it."""
        return hashlib.sha256(self.session_key.encode()).hexdigest()[:32]


class ApiToken(models.Model):
    """A key for the API, stored as its digest: the secret is shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=100)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256, hexadecimal
    read_only = models.BooleanField(_("read only"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    expires = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used = models.DateTimeField(_("last used"), null=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name
