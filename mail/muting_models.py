"""What a person does not want to hear of; imported from `mail.models`."""

from django.db import models


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
