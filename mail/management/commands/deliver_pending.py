from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Finish submissions that were accepted but, after a crash, not delivered."

    def handle(self, **_: Any) -> None:
        done = services.sending.deliver_pending()
        failed = sum(submission.state == submission.State.FAILED for submission in done)
        self.stdout.write(f"{len(done)} submissions finished, {failed} of them failed for some.")
