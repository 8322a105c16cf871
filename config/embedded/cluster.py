"""Creating, starting and stopping PostgreSQL. Only the holder of keeper.lock may do these."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from config.embedded import binaries, processes
from config.embedded.paths import DATABASE, PORT, SUPERUSER, EmbeddedPostgresError, Paths

PATIENCE = 600.0  # seconds; recovery after a crash may have much to do
TEMPORARY = "pgdata.tmp-"
# Nothing is written to the disk before it has to be: several times quicker.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def wait_for(condition: Callable[[], object], seconds: float, failure: str) -> None:
    """Wait until the condition holds; raises EmbeddedPostgresError with the failure's text."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(failure)
        time.sleep(0.02)


@dataclass(frozen=True)
class Cluster:
    """PostgreSQL on the data directory of ``paths``."""

    paths: Paths

    def postmaster(self) -> psutil.Process | None:
        """Return the running, verified main process."""
        return processes.postmaster(self.paths.data_dir)

    def is_alive(self, postmaster: psutil.Process) -> bool:
        """Tell whether this main process still runs."""
        return processes.is_alive(postmaster, self.paths.data_dir)

    def answers(self) -> bool:
        """Tell whether the server accepts connections (recovery is over, no shutdown)."""
        # Imported late: it takes long, and a keeper seldom needs it.
        from psycopg import pq  # noqa: PLC0415

        if not self.paths.socket_dir_exists():
            return False
        parameters = f"host={self.paths.socket_dir} port={PORT} dbname={DATABASE} user={SUPERUSER}"
        ping = pq.PGconn.ping(f"{parameters} connect_timeout=10".encode())
        return ping == pq.Ping.OK

    def check_version(self) -> None:
        """Raise EmbeddedPostgresError if the data are another major version's."""
        try:
            found = (self.paths.data_dir / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        wanted = binaries.major_version()
        if found != wanted:
            raise EmbeddedPostgresError(
                f"The database in {self.paths.data_dir} was made by PostgreSQL {found}, but "
                f"PostgreSQL {wanted} is installed. `make reset` deletes it and starts afresh."
            )

    def start(self) -> psutil.Process:
        """Start PostgreSQL, or adopt the one that runs; raises EmbeddedPostgresError.

        The data directory is made if there is none.
        """
        running = self._adopt()
        if running is not None:
            return running
        # After a kill -9 of the postmaster its other processes live on for a moment.
        wait_for(
            lambda: not processes.any_left(self.paths.data_dir),
            PATIENCE,
            f"Earlier PostgreSQL processes in {self.paths.data_dir} do not end.",
        )
        self.paths.create_socket_dir()
        if not (self.paths.data_dir / "PG_VERSION").exists():
            self._create()
        self._remove_foreign_pid_file()
        return self._launch()

    def stop(self, postmaster: psutil.Process) -> None:
        """Stop PostgreSQL and wait for its end; raises EmbeddedPostgresError if it stays."""
        if self.is_alive(postmaster):
            postmaster.send_signal(signal.SIGINT)  # "fast": ends sessions, writes all data
        failure = f"PostgreSQL in {self.paths.data_dir} does not stop."
        wait_for(lambda: not self.is_alive(postmaster), PATIENCE, failure)
        wait_for(lambda: not processes.any_left(self.paths.data_dir), PATIENCE, failure)

    def clear(self) -> None:
        """Remove what a server that has ended, or did not start, leaves outside ``root``."""
        if not processes.any_left(self.paths.data_dir):
            self.paths.remove_socket_dir()

    def delete(self) -> None:
        """Delete the data directory of a stopped server."""
        if self.paths.data_dir.exists():
            # Renamed first: a deletion that is cut short must not leave half a database.
            doomed = tempfile.mkdtemp(prefix=TEMPORARY, dir=self.paths.root)
            self.paths.data_dir.rename(doomed)
        self._remove_temporary()

    def _adopt(self) -> psutil.Process | None:
        """Return the server that a killed keeper left, unless it is just about to end."""
        deadline = time.monotonic() + PATIENCE
        while (running := self.postmaster()) is not None:
            if self.answers():
                return running
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The running PostgreSQL (process {running.pid}) does not answer."
                )
            time.sleep(0.05)
        return None

    def _create(self) -> None:
        # Made elsewhere and renamed when complete, so that a killed initdb leaves no half of it.
        self._remove_temporary()
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=self.paths.root))
        with binaries.initdb_program(self.paths.socket_dir) as initdb:
            _run(
                binaries.command(
                    initdb,
                    f"--pgdata={folder}",
                    f"--username={SUPERUSER}",
                    "--auth=trust",
                    "--encoding=UTF8",
                    "--locale=C",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--data-checksums",
                    "--no-instructions",
                    *(["--no-sync"] if self.paths.throwaway.exists() else []),
                )
            )
        single = binaries.command(binaries.program("postgres"), "--single", "-j", "-D", str(folder))
        _run([*single, "postgres"], f"CREATE DATABASE {DATABASE};\n")
        folder.rename(self.paths.data_dir)

    def _remove_temporary(self) -> None:
        for folder in self.paths.root.glob(f"{TEMPORARY}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def _remove_foreign_pid_file(self) -> None:
        """Remove a postmaster.pid whose number now belongs to a process that is not ours.

        PostgreSQL would take that process for a running server and refuse to start. Removing the
        file is safe: no postgres of this data directory is left (just checked), no other can be
        started (keeper.lock), and PostgreSQL still refuses when the shared memory of this
        directory, which it finds by the directory's inode, is in use.
        """
        pid = processes.recorded_pid(self.paths.data_dir)
        if pid is not None and psutil.pid_exists(pid):
            (self.paths.data_dir / "postmaster.pid").unlink()

    def _launch(self) -> psutil.Process:
        started = subprocess.Popen(
            binaries.command(binaries.program("postgres"), *self._options()),
            env=binaries.environment(),
            stdin=subprocess.DEVNULL,
        )
        # From here to the exec of postgres it is a Python; only a verified process is returned.
        while started.poll() is None:
            found = processes.verified(started.pid, self.paths.data_dir)
            if found is not None:
                return found
            time.sleep(0.01)
        raise EmbeddedPostgresError("PostgreSQL ended as soon as it was started.")

    def _options(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.paths.socket_dir),
            "unix_socket_permissions": "0700",
            "port": PORT,
            "max_connections": "200",
            "fsync": "on",
        }
        if self.paths.throwaway.exists():
            settings |= THROWAWAY
        return ["-D", str(self.paths.data_dir)] + [
            part for name, value in settings.items() for part in ("-c", f"{name}={value}")
        ]


def _run(arguments: list[str], text: str | None = None) -> None:
    """Run a program with the log as its output; raises EmbeddedPostgresError if it fails."""
    result = subprocess.run(
        arguments,
        env=binaries.environment(),
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise EmbeddedPostgresError("The database could not be created.")
