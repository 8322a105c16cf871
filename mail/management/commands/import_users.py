import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import batched
from pathlib import Path
from typing import Any, TextIO

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from mail import errors, services
from mail.models import User

BATCH = 2000
BAR = 40  # characters
COLUMNS = {"username": 150, "first_name": 150, "last_name": 150, "email": 254}  # characters


class Command(BaseCommand):
    help = (
        "Make accounts, with boxes, from a CSV file with a heading line: username, and where "
        "given first_name, last_name and email. Passwords are set later. All or none are made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **_: Any) -> None:
        try:
            with file.open(newline="", encoding="utf-8-sig") as lines:
                made = self._import(lines, file.stat().st_size)
        except (OSError, ValueError, csv.Error, errors.MailError) as error:
            raise CommandError(f"{file}: {error} No account was made.") from error
        self.stdout.write(f"{made} accounts made.")

    @transaction.atomic
    def _import(self, lines: TextIO, size: int) -> int:
        made = 0
        for batch in batched(_users(lines), BATCH):
            made += services.people.import_users(users=batch)
            self._show(made, lines.buffer.tell() / max(size, 1))
        return made

    def _show(self, made: int, part: float) -> None:
        if self.stderr.isatty():
            bar = "█" * round(part * BAR)
            self.stderr.write(f"\r{bar:<{BAR}} {made:>9,}", ending="\n" if part >= 1 else "")


def _check_email(email: str, line: int) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValueError(f"Line {line}: email is no address: {email}") from error


def _users(lines: TextIO) -> Iterator[User]:
    reader = csv.DictReader(lines, strict=True)
    if "username" not in (reader.fieldnames or ()):
        raise ValueError("The first line must name the columns, username among them.")
    unusable = make_password(None)
    for row in reader:
        if None in row or None in row.values():
            raise ValueError(
                f"Line {reader.line_num}: as many cells are wanted as the first line has."
            )
        known = {column: (row.get(column) or "").strip() for column in COLUMNS}
        for column, limit in COLUMNS.items():
            if len(known[column]) > limit or "\0" in known[column]:
                raise ValueError(
                    f"Line {reader.line_num}: {column} has at most {limit} characters, none NUL."
                )
        if known["email"]:
            _check_email(known["email"], reader.line_num)
        yield User(password=unusable, **known)
