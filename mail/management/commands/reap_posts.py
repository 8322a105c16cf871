from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Delete posts and files that nothing refers to any more, and old traces of deletions."

    def handle(self, **_: Any) -> None:
        reaped, purged = services.upkeep.reap_posts(), services.upkeep.purge_tombstones()
        files = services.upkeep.reap_files()
        self.stdout.write(f"{reaped} posts and {purged} traces of deletions removed.")
        self.stdout.write(f"{files} files removed.")
