"""Everything that a trial needs in one command: database, demo data and web server."""

import contextlib
import io
import signal
import socket
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection, connections

from mail import services

HOST = "127.0.0.1"
GRACE = 20  # seconds for requests that are under way


class Command(BaseCommand):
    help = "Migrate, load demo data into an empty database, and serve until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", default="5100")

    def handle(self, *, port: str, **_: Any) -> None:
        if not port.isdecimal():
            raise CommandError(f"“{port}” is no port: say a number, as in make run PORT=5101")
        self._serve(int(port))

    def _serve(self, port: int) -> None:
        _check_free(port)
        with _ending_on(signal.SIGINT, signal.SIGTERM, signal.SIGHUP), _embedded_database():
            self.stdout.write("Preparing the database ...")
            accounts = _prepare()
            self._greet(port, accounts)
            _serve(port)

    def _greet(self, port: int, accounts: str) -> None:
        self.stdout.write(
            self.style.SUCCESS(f"\nOpost is at http://localhost:{port}")
            + f"\n{accounts}\nPress Ctrl-C to stop.\n"
        )
        self.stdout.flush()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {port} cannot be had ({error}): stop what uses it, or choose another: "
                "make run PORT=5101"
            ) from error


@contextlib.contextmanager
def _ending_on(*numbers: signal.Signals) -> Iterator[None]:
    """End in order when one of the signals comes, so that nothing is left running."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for number in numbers:
        signal.signal(number, interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        yield


@contextlib.contextmanager
def _embedded_database() -> Iterator[None]:
    """Wait at the end until the embedded database, if it is that one, has stopped."""
    try:
        yield
    finally:
        connections.close_all()
        root = settings.DATABASES["default"].get("EMBEDDED_ROOT")
        if root:
            from config.embedded.server import release_and_wait  # noqa: PLC0415 - not in production

            signal.signal(signal.SIGINT, signal.SIG_IGN)
            close_pool()
            release_and_wait(Path(root))


def close_pool() -> None:
    """Close the connections that the pool keeps; they would have to be waited for."""
    if hasattr(connection, "close_pool"):
        connection.close_pool()


def _prepare() -> str:
    try:
        call_command("migrate", verbosity=0)
    except OperationalError as error:
        raise CommandError(f"The database cannot be used: {error}") from error
    accounts = call_command("load_demo", if_empty=True, verbosity=0, stdout=io.StringIO())
    services.sending.deliver_pending()
    connections.close_all()
    close_pool()  # the server's processes are to have connections of their own
    return str(accounts or "")


def _serve(port: int) -> None:
    server = subprocess.Popen(  # noqa: S603 - nothing in it comes from outside
        [
            *(sys.executable, "-m", "gunicorn", "config.wsgi"),
            *("--bind", f"{HOST}:{port}", "--workers", "2", "--threads", "8"),
            *("--log-level", "warning", "--graceful-timeout", str(GRACE)),
            "--no-control-socket",  # it would lie in the home directory
        ]
    )
    try:
        status = server.wait()
    finally:
        # On Ctrl-C the terminal has told it already; a signal to us alone has not.
        server.terminate()
        try:
            server.wait(timeout=GRACE + 5)
        except subprocess.TimeoutExpired:
            server.kill()
    raise CommandError(f"The web server ended by itself (status {status}).")
