"""Who asks to join a group; imported from `mail.models`."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


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
