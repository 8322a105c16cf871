"""``python -m config.embedded psql|reset`` for the demo database."""

import argparse
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from config.embedded.binaries import program
from config.embedded.paths import (
    DATABASE,
    DEFAULT_ROOT,
    PORT,
    SUPERUSER,
    EmbeddedPostgresError,
    Paths,
)
from config.embedded.server import destroy, ensure_running


def psql(root: Path, arguments: Sequence[str]) -> int:
    """Run psql on the server and return its status; raises EmbeddedPostgresError."""
    ensure_running(root)
    host = str(Paths.of(root).socket_dir)
    command = [str(program("psql")), "-h", host, "-p", PORT, "-U", SUPERUSER, "-d", DATABASE]
    previous = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for psql.
    try:
        return subprocess.run([*command, *arguments], check=False).returncode
    finally:
        signal.signal(signal.SIGINT, previous)


def reset(root: Path, *, sure: bool) -> int:
    """Delete the database, after asking unless ``sure``; raises EmbeddedPostgresError."""
    data_dir = Paths.of(root).data_dir
    if not sure and not _confirmed(f"Delete the database in {data_dir} and all its mail? [y/N] "):
        print("Nothing was deleted.")
        return 1
    destroy(root)
    print("The database was deleted.")
    return 0


def _confirmed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        print()
        return False


def main(arguments: Sequence[str], root: Path = DEFAULT_ROOT) -> int:
    """Run one command and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m config.embedded")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("psql", help="open psql on the demo database", add_help=False)
    commands.add_parser("reset", help="delete the demo database").add_argument(
        "--yes", action="store_true", help="do not ask"
    )
    # Everything after "psql" is psql's own.
    options = parser.parse_args(arguments[:1] if arguments[:1] == ["psql"] else arguments)
    try:
        if options.command == "psql":
            return psql(root, arguments[1:])
        return reset(root, sure=options.yes)
    except EmbeddedPostgresError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
