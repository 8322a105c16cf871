from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Delete posts that nothing refers to any more, and old traces of deletions."

    def handle(self, **_: Any) -> None:
        reaped, purged = services.reap_posts(), services.purge_tombstones()
        self.stdout.write(f"{reaped} posts and {purged} traces of deletions removed.")
