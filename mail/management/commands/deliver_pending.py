from typing import Any

from django.core.management.base import BaseCommand

from mail import services


class Command(BaseCommand):
    help = "Deliver what was accepted and is still due, and finish recalls that were cut short."

    def handle(self, **_: Any) -> None:
        tried = services.sending.deliver_pending()
        left = sum(submission.state == submission.State.ACCEPTED for submission in tried)
        failed = sum(submission.state == submission.State.FAILED for submission in tried)
        recalls = services.sending.finish_recalls()
        self.stdout.write(
            f"{len(tried) - left} submissions finished, {failed} of them failed for some; "
            f"{left} stay due. {recalls} recalls finished."
        )
