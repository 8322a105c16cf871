"""The process that starts PostgreSQL, stays while anybody uses it, and then stops it.

Why nobody can lose a server that it has just been promised:

* A user locks users.lock shared before it looks at anything, and keeps that lock for life.
* keeper.lock is taken by the user that starts a keeper and is handed down to it as an open file,
  so there is no moment between "there is no keeper" and "this is the keeper".
* A keeper stops the server only while it holds users.lock exclusively, which it cannot get while
  a user lives. A keeper that was just started therefore never overtakes its own user.
* A user that comes while the server stops waits for its shared lock, and by then the server and
  its socket are gone; it finds keeper.lock free (perhaps a moment later) and starts a new keeper.
* A killed keeper frees both locks. The next user starts another, which adopts the running server;
  if it was stopping, the new keeper waits for its end first.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from config.embedded.cluster import Cluster
from config.embedded.locks import EXCLUSIVE, open_lock, try_lock
from config.embedded.paths import EmbeddedPostgresError, Paths

INTERVAL = 0.2  # seconds


def keep(cluster: Cluster) -> bool:
    """Start the server and stop it after its last user; false if it ended by itself.

    Raises EmbeddedPostgresError.
    """
    users = open_lock(cluster.paths.users_lock)
    try:
        return _stop_when_unused(cluster, cluster.start(), users)
    finally:
        cluster.clear()
        # Before keeper.lock, which ends with the process: see Server.sole.
        os.close(users)


def _stop_when_unused(cluster: Cluster, postmaster: psutil.Process, users: int) -> bool:
    # Asked for again and again rather than waited for, because the server has to be watched too:
    # when it was killed, this keeper must end so that the next user starts both afresh.
    while cluster.is_alive(postmaster):
        if try_lock(users, EXCLUSIVE):
            cluster.stop(postmaster)
            return True
        time.sleep(INTERVAL)
    return False


def main(root: str) -> int:
    """Keep the server of the folder ``root``; returns the exit status."""
    try:
        return 0 if keep(Cluster(Paths.of(Path(root)))) else 1
    except (EmbeddedPostgresError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        _reap()


def _reap() -> None:
    """Collect the ended PostgreSQL: as process 1, some containers have one that never does."""
    with suppress(ChildProcessError):  # It was adopted.
        os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
