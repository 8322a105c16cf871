from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Make posts findable that were stored before there was a search, or by an older version."

    def handle(self, **_: Any) -> None:
        self.stdout.write(f"{services.upkeep.index_posts()} posts indexed.")
