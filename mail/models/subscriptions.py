"""Subscriptions, requests to join groups, and muted conversations."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from mail.models.boxes import Box


class Subscription(models.Model):
    """What lands in the source is also delivered to the target, above the watermark."""

    pk = models.CompositePrimaryKey("target_id", "source_id")
    target = models.ForeignKey(
        Box, models.CASCADE, db_index=False, related_name="subscriptions", verbose_name=_("target")
    )
    source = models.ForeignKey(
        Box, models.CASCADE, related_name="subscribers", verbose_name=_("source")
    )
    start = models.BigIntegerField(_("start"))
    watermark = models.BigIntegerField(_("watermark"))
    # Of a person's own box: what comes this way arrives read.
    muted = models.BooleanField(_("muted"), default=False, db_default=False)
    created = models.DateTimeField(_("created"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(target=models.F("source")), name="subscription_not_to_itself"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target_id}.{self.source_id}"


class JoinRequest(models.Model):
    """Somebody's wish to join a group, until a manager answers it or it is withdrawn."""

    box = models.ForeignKey(
        "mail.Box", models.CASCADE, db_index=False, related_name="join_requests"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="join_requests")
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["box", "user"], name="join_request_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} → {self.box_id}"


class MutedThread(models.Model):
    """A conversation that arrives in a person's box read."""

    pk = models.CompositePrimaryKey("box_id", "thread")
    # The personal box, so that a delivery knows without asking another machine.
    box = models.ForeignKey("mail.Box", models.CASCADE, db_index=False, related_name="+")
    thread = models.UUIDField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        # For the reaper, which comes by with the threads that have ended.
        indexes = [models.Index(fields=["thread"], name="muted_by_thread")]

    def __str__(self) -> str:
        return f"{self.box_id}: {self.thread}"
