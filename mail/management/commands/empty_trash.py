from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Delete for good what people put into their trash more than 30 days ago."

    def handle(self, **_: Any) -> None:
        self.stdout.write(f"{services.upkeep.purge_trash()} posts removed from the trash.")
