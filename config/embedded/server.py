"""What a process calls that uses the embedded server."""

import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from config.embedded import locks, processes
from config.embedded.cluster import PATIENCE, Cluster, wait_for
from config.embedded.paths import PROJECT, EmbeddedPostgresError, Paths

LOG_LIMIT = 4_000_000  # bytes
LOG_TAIL = 10  # lines
STOP_PATIENCE = 60.0  # seconds


class DatabaseInUseError(EmbeddedPostgresError):
    """Another process uses the server."""


class Server:
    """This process's use of the server whose files are in ``root``."""

    def __init__(self, root: Path) -> None:
        """Describe it; nothing is started, opened or created."""
        self.paths = Paths.of(root)
        self.cluster = Cluster(self.paths)
        self._mutex = threading.Lock()
        self._hold: int | None = None
        self._postmaster: psutil.Process | None = None
        self._log_start = 0  # where the last start's output begins

    def ensure_running(self) -> None:
        """Hold the server from now on and return when it answers; cheap when it does.

        Raises EmbeddedPostgresError.
        """
        if self._is_held_and_alive():
            return
        with self._mutex:
            if not self._is_held_and_alive():
                self._take_hold()
                self._postmaster = self._wait_until_ready()

    def release(self) -> None:
        """Stop using the server; processes forked from this one still do."""
        with self._mutex:
            if self._hold is not None:
                os.close(self._hold)
            self._hold = self._postmaster = None

    @contextmanager
    def sole(self) -> Iterator[None]:
        """Keep everybody from the server, once its keeper has stopped it.

        Raises DatabaseInUseError if others use it, EmbeddedPostgresError if it does not stop.
        """
        self.release()
        self.paths.create_root()
        keeper = locks.open_lock(self.paths.keeper_lock)
        users = locks.open_lock(self.paths.users_lock)
        try:
            wait_for(
                lambda: self._lock_all(keeper, users), STOP_PATIENCE, "The database does not stop."
            )
            postmaster = self.cluster.postmaster()
            if postmaster is not None:  # its keeper was killed
                self.cluster.stop(postmaster)
            self.cluster.clear()
            yield
        finally:
            os.close(users)
            os.close(keeper)

    def _is_held_and_alive(self) -> bool:
        postmaster = self._postmaster
        return (
            self._hold is not None and postmaster is not None and self.cluster.is_alive(postmaster)
        )

    def _take_hold(self) -> None:
        if self._hold is not None:
            return
        self.paths.create_root()
        hold = locks.open_lock(self.paths.users_lock)
        try:
            # Refused only while the server is being stopped or deleted.
            wait_for(
                lambda: locks.try_lock(hold, locks.SHARED),
                PATIENCE,
                f"The database in {self.paths.data_dir} is being stopped, which does not end.",
            )
        except BaseException:
            os.close(hold)
            raise
        self._hold = hold

    def _wait_until_ready(self) -> psutil.Process:
        deadline = time.monotonic() + PATIENCE
        keeper: subprocess.Popen[bytes] | None = None
        while time.monotonic() < deadline:
            if keeper is not None and _has_failed(keeper):
                raise self._start_failure()
            keeper = self._start_keeper() or keeper
            postmaster = self.cluster.postmaster()
            if postmaster is not None and self.cluster.answers():
                return postmaster
            self._check_not_moved()
            time.sleep(0.05)
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL did not answer in time; see {self.paths.log}."
        )

    def _start_keeper(self) -> subprocess.Popen[bytes] | None:
        """Start a keeper unless there is one."""
        lock = locks.open_lock(self.paths.keeper_lock)
        try:
            if not locks.try_lock(lock, locks.EXCLUSIVE):
                return None
            self.paths.socket_dir_exists()
            self.cluster.check_version()
            keeper = self._run_keeper(lock)
        finally:
            os.close(lock)  # The keeper has it open too, and with it the lock.
        _outlive_us(keeper)
        return keeper

    def _run_keeper(self, lock: int) -> subprocess.Popen[bytes]:
        self.paths.log.touch(mode=0o600)
        with self.paths.log.open("ab") as log:
            if log.tell() > LOG_LIMIT:
                log.truncate(0)
            self._log_start = log.seek(0, os.SEEK_END)
            return subprocess.Popen(
                [sys.executable, "-m", "config.embedded.keeper", str(self.paths.root)],
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C in our terminal is not meant for it.
            )

    def _start_failure(self) -> EmbeddedPostgresError:
        with self.paths.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()[-LOG_TAIL:]
        return EmbeddedPostgresError(
            f"The embedded PostgreSQL did not start. The end of {self.paths.log}:\n"
            + "\n".join(lines)
        )

    def _check_not_moved(self) -> None:
        """Raise if the server runs, but at the socket that belongs to the folder's old path."""
        lines = processes.pid_file_lines(self.paths.data_dir)
        ready = bool(lines) and lines[-1].strip() == "ready"
        if ready and str(self.paths.socket_dir) not in lines and self.cluster.postmaster():
            raise EmbeddedPostgresError(
                f"{self.paths.root} was moved while its database was in use. "
                "Stop what was started before the move, then try again."
            )

    def _lock_all(self, keeper: int, users: int) -> bool:
        if locks.try_lock(keeper, locks.EXCLUSIVE):
            # No keeper, and no new one can be started.
            if not locks.try_lock(users, locks.EXCLUSIVE):
                raise self._in_use()
            return True
        if locks.used_by_others(users):
            raise self._in_use()
        return False  # The keeper is about to find that out, too.

    def _in_use(self) -> DatabaseInUseError:
        return DatabaseInUseError(
            f"The database in {self.paths.data_dir} is in use by another process. "
            "Stop that first (for example `make run`)."
        )


def _has_failed(keeper: subprocess.Popen[bytes]) -> bool:
    """Tell whether a keeper has given up; one that was killed (status below zero) has not."""
    status = keeper.poll()
    return status is not None and status >= 0


def _outlive_us(keeper: subprocess.Popen[bytes]) -> None:
    """Let a keeper run on without Python's warning of a child that nobody waited for."""
    # The registry holds it until exit; a status is what Popen's finaliser looks for.
    atexit.register(lambda: setattr(keeper, "returncode", keeper.poll() or 0))


_servers: dict[Path, Server] = {}


def server(root: Path) -> Server:
    """Return the process's only Server for a folder."""
    return _servers.setdefault(root.resolve(), Server(root))


def ensure_running(root: Path) -> None:
    """Start the server if it does not run, and keep it for the life of this process.

    Raises EmbeddedPostgresError.
    """
    server(root).ensure_running()


def release_and_wait(root: Path) -> bool:
    """Stop using the server and wait for its end; false at once if others still use it.

    Raises EmbeddedPostgresError if it does not stop.
    """
    try:
        with server(root).sole():
            return True
    except DatabaseInUseError:
        return False


def start_throwaway(root: Path) -> None:
    """Use a server with a new and empty database that need not survive a crash of the machine.

    While another process uses it, it is shared as it is. Raises EmbeddedPostgresError.
    """
    own = server(root)
    with suppress(DatabaseInUseError), own.sole():
        own.cluster.delete()
        own.paths.throwaway.touch()
    own.ensure_running()


def destroy(root: Path) -> None:
    """Stop the server and delete its database.

    Raises DatabaseInUseError, with nothing changed, while another process uses it.
    """
    own = server(root)
    with own.sole():
        own.cluster.delete()
