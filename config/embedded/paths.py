"""Where the server keeps its files, and the database settings that follow from it."""

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_ROOT = PROJECT / ".opost"
DATABASE = "opost"
SUPERUSER = "opost"
PORT = "5432"
PRIVATE = 0o700  # the mode of a directory that is its owner's alone


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Paths:
    """The files of one embedded server. ``root`` is resolved, so that all users agree."""

    root: Path

    @classmethod
    def of(cls, root: Path) -> Self:
        """Return the paths for the folder ``root``, which need not exist yet."""
        return cls(root.resolve())

    @property
    def data_dir(self) -> Path:
        """The data directory of PostgreSQL."""
        return self.root / "pgdata"

    @property
    def socket_dir(self) -> Path:
        """The directory of the Unix socket.

        It is not inside ``root``, because a socket's path may have only about 100 characters,
        nor in $TMPDIR, which need not be the same (or as short) for all users of the server.
        """
        digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]
        return Path(f"/tmp/opost-{os.geteuid()}-{digest}")  # noqa: S108 - checked before each use

    @property
    def log(self) -> Path:
        """What the keeper, initdb and PostgreSQL print."""
        return self.root / "postgres.log"

    @property
    def users_lock(self) -> Path:
        """Locked shared by every process that uses the server."""
        return self.root / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        """Locked exclusively by the one process that may start and stop PostgreSQL."""
        return self.root / "keeper.lock"

    @property
    def throwaway(self) -> Path:
        """A mark: the data may be lost in a crash of the machine, as those of tests may."""
        return self.root / "throwaway"

    def create_root(self) -> None:
        """Create the folder; raises EmbeddedPostgresError if it belongs to another user."""
        self.root.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        owner = self.root.stat().st_uid
        if owner != os.geteuid():
            # Files of two users in one folder would lock both of them out.
            raise EmbeddedPostgresError(
                f"{self.root} belongs to the user with the number {owner}. "
                "Run Opost as that user, or delete the folder."
            )

    def socket_dir_exists(self) -> bool:
        """Tell whether the socket's directory is there.

        Raises EmbeddedPostgresError when it is not a private directory of our own: anybody may
        create that name in /tmp, and would then answer in the server's place.
        """
        try:
            info = self.socket_dir.lstat()
        except FileNotFoundError:
            return False
        private = stat.S_ISDIR(info.st_mode) and stat.S_IMODE(info.st_mode) == PRIVATE
        if not private or info.st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                f"{self.socket_dir} is not a private directory of this user. "
                "Delete it, then try again."
            )
        return True

    def create_socket_dir(self) -> None:
        """Make an empty socket directory; raises EmbeddedPostgresError like the check."""
        self.remove_socket_dir()
        self.socket_dir.mkdir(mode=PRIVATE)
        self.socket_dir_exists()

    def remove_socket_dir(self) -> None:
        """Remove the socket's directory; raises EmbeddedPostgresError if it is not ours."""
        if self.socket_dir_exists():
            shutil.rmtree(self.socket_dir)


def database_settings(root: Path) -> dict[str, object]:
    """Return Django's settings for the server whose files are in ``root``; starts nothing."""
    paths = Paths.of(root)
    return {
        "ENGINE": "config.embedded",
        "NAME": DATABASE,
        "USER": SUPERUSER,
        "HOST": str(paths.socket_dir),
        "PORT": PORT,
        # Not a key of Django's: the backend finds its server by it.
        "EMBEDDED_ROOT": str(paths.root),
        "OPTIONS": {"pool": {"min_size": 0, "max_size": 10}},
    }
