"""File locks that end with the process, however it ends.

flock belongs to the open file, not to the process: a forked child shares its parent's lock, and
the lock is gone when the last of them has closed the file. So a lock that may be shared is given
up by closing the file and never by LOCK_UN, which would take it from the children too.
"""

import fcntl
import os
from pathlib import Path

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX


def open_lock(path: Path) -> int:
    """Open (and create) a lock file; the descriptor is not passed on to executed programs."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    """Take the lock, or change its kind, if that is possible at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def used_by_others(descriptor: int) -> bool:
    """Tell whether others hold the lock shared; the given open file holds nothing afterwards.

    While somebody has it exclusively (a keeper that stops the server) the answer is no.
    """
    used = try_lock(descriptor, SHARED) and not try_lock(descriptor, EXCLUSIVE)
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return used
