"""Runs a command as root's own user under another number: PostgreSQL refuses the number 0.

Usage: python unprivileged.py PROGRAM [ARGUMENT ...]

In a new user namespace this very user is called 1. Files keep their owner, nobody needs to be
added to the system, and the process loses root's power over the files of others.
It is a script of its own, without imports from the project, because unsharing needs a process
with a single thread and is better not done between a fork and an exec of the caller.
"""

import os
import sys
from pathlib import Path

REFUSED = (
    "PostgreSQL does not run as root, and this system does not allow the user namespace "
    "that Opost would use to run it all the same ({error}). "
    "Run Opost as an ordinary user, or set DATABASE_URL to a PostgreSQL server of your own."
)


def enter_namespace() -> None:
    """Make the present user and group number 1 in a new user namespace; raises OSError."""
    user, group = os.geteuid(), os.getegid()
    if not hasattr(os, "unshare"):
        raise OSError("no user namespaces here")
    os.unshare(os.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"1 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"1 {group} 1", encoding="ascii")


def main(arguments: list[str]) -> None:
    """Become the given command; raises SystemExit with a message where that is refused."""
    try:
        enter_namespace()
    except OSError as error:
        sys.exit(REFUSED.format(error=error.strerror or error))
    os.execv(arguments[0], arguments)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
