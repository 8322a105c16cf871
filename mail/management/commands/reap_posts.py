from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Delete posts and files that nothing refers to any more, and old traces of deletions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--all",
            action="store_true",
            help="look at every post, not only at what left a box in the last eight days",
        )

    def handle(self, **options: Any) -> None:
        reaped = services.upkeep.reap_posts(every=options["all"])
        purged = services.upkeep.purge_tombstones()
        files = services.upkeep.reap_files()
        self.stdout.write(f"{reaped} posts and {purged} traces of deletions removed.")
        self.stdout.write(f"{files} files removed.")
