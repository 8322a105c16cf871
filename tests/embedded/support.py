"""Real processes that use a real server in a temporary folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

from config.embedded import processes
from config.embedded.paths import DATABASE, PORT, PROJECT, SUPERUSER, Paths

# Uses the server, and makes sure of it again for every line that it reads.
# Ctrl-C interrupts it even if whoever started the tests is deaf to it, as a shell's jobs are.
USER = """
import signal
import sys
from pathlib import Path
from config.embedded.server import ensure_running
signal.signal(signal.SIGINT, signal.default_int_handler)
ensure_running(Path(sys.argv[1]))
print("ready", flush=True)
for line in sys.stdin:
    ensure_running(Path(sys.argv[1]))
    print("ready", flush=True)
"""
DEADLINE = 120.0  # seconds, after which a test that hangs is ended


def eventually(condition: Callable[[], object]) -> None:
    """Wait for the condition, and fail the test if it does not come true."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class User:
    """A process that uses the server until its standard input is closed."""

    def __init__(self, root: Path, environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, str(root)],
            cwd=PROJECT,
            env=os.environ | (environment or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ready(self) -> Self:
        """Wait until the process has its server."""
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"
        return self

    def again(self) -> None:
        """Let the process make sure of its server once more."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.ready()

    def end(self, kill: bool = False) -> None:
        """End the process, with SIGKILL or in peace."""
        if kill:
            self.process.kill()
        self.process.communicate()


def _parent(process: psutil.Process) -> int | None:
    """The number of a process's parent; None if it has just ended."""
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return None


@dataclass
class Site:
    """One checkout's server."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)

    @property
    def paths(self) -> Paths:
        return Paths.of(self.root)

    def start_user(self) -> User:
        """Start a process that uses the server, without waiting for it."""
        user = User(self.root, self.environment)
        self.users.append(user)
        return user

    def user(self) -> User:
        """Start a process that uses the server and wait until it has it."""
        return self.start_user().ready()

    def python(
        self, code: str, stdin: str = "", command: tuple[str, ...] = (sys.executable,)
    ) -> subprocess.CompletedProcess[str]:
        """Run code that knows ``root``, to its end."""
        head = "import sys\nfrom pathlib import Path\nroot = Path(sys.argv[1])\n"
        return subprocess.run(
            [*command, "-c", head + code, str(self.root)],
            cwd=PROJECT,
            env=os.environ | self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE * 2,
        )

    def refusal(self) -> str:
        """Return the message with which the server does not start."""
        result = self.python(
            "from config.embedded.server import *\n"
            "try: ensure_running(root)\n"
            "except EmbeddedPostgresError as error: print(error)\n"
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query in a connection of its own, which is no use of the server."""
        with psycopg.connect(
            host=str(self.paths.socket_dir),
            port=PORT,
            user=SUPERUSER,
            dbname=DATABASE,
            autocommit=True,
        ) as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def postmaster(self) -> psutil.Process:
        """Return the running server."""
        found = processes.postmaster(self.paths.data_dir)
        assert found is not None
        return found

    def keepers(self) -> list[psutil.Process]:
        """Return the keepers of this root."""
        arguments = ["-m", "config.embedded.keeper", str(self.paths.root)]
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if (process.info["cmdline"] or [])[1:] == arguments
        ]

    def postmasters(self) -> list[int]:
        """Return the postgres processes of this root that no other of them has started."""
        found = [
            process
            for pid in psutil.pids()
            if (process := processes.verified(pid, self.paths.data_dir)) is not None
        ]
        pids = {process.pid for process in found}
        parents = {process.pid: _parent(process) for process in found}
        return [pid for pid, parent in parents.items() if parent is not None and parent not in pids]

    def is_stopped(self) -> bool:
        """Tell whether neither server nor keeper nor socket is left."""
        # In the order of cost, as this is asked often.
        return not (
            self.paths.socket_dir.exists()
            or processes.any_left(self.paths.data_dir)
            or self.keepers()
        )

    def crash(self) -> int:
        """Kill keeper and server at once and return the server's former number."""
        postmaster = self.postmaster()
        assert postmaster.cwd() == str(self.paths.data_dir)
        for process in (*self.keepers(), postmaster):
            process.kill()
        eventually(lambda: not processes.any_left(self.paths.data_dir) and not self.keepers())
        return postmaster.pid

    def clean_up(self) -> None:
        """End all that the test has started, however it went."""
        for user in self.users:
            user.end(kill=True)
        for keeper in self.keepers():
            keeper.kill()
        # Not found by the code under test: were that wrong, others' processes would be killed.
        for process in psutil.process_iter(["cwd"]):
            if process.info["cwd"] == str(self.paths.data_dir):
                process.kill()
        shutil.rmtree(self.paths.socket_dir, ignore_errors=True)
