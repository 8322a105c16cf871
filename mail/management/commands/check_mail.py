from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mail.services import audit


class Command(BaseCommand):
    help = "Check every invariant that the database does not hold itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="mend what can be mended")

        parser.add_argument("--deep", action="store_true", help="read every attachment's file, too")

    def handle(self, *, repair: bool, deep: bool, **_: Any) -> None:
        left = 0
        for finding in audit.audit(repair=repair, deep=deep):
            left += max(finding.wrong - finding.repaired, 0)
            mended = f", {finding.repaired} repaired" if repair and finding.wrong else ""
            self.stdout.write(f"{finding.wrong:>8}  {finding.subject}{mended}")
        if left:
            raise CommandError(f"{left} things are wrong." + ("" if repair else " Try --repair."))
        self.stdout.write("All is well.")
