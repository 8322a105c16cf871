"""Find the Chromium that the browser tests drive, or install Debian's."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# The first has no window that it draws for nobody: it is twice as quick.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


class BrowserNotFoundError(RuntimeError):
    """No Chromium is on this machine, or none can be put there."""


def find_chromium() -> str:
    """Return the path of a Chromium; raises BrowserNotFoundError when there is none."""
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return _chosen(chosen)
    found = next(filter(None, map(shutil.which, NAMES)), None) or _playwrights_own()
    if not found:
        raise BrowserNotFoundError(
            "No Chromium found: set CHROMIUM to its path, or install Debian's package chromium."
        )
    return found


def launch_args() -> list[str]:
    """Return the arguments that Chromium needs for our tests."""
    # Chromium refuses to run its sandbox as root.
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return [*sandbox, *QUIET]


def install() -> str:
    """Install Debian's Chromium, the one without windows, and return its path.

    Raises BrowserNotFoundError where that is not possible or not allowed.
    """
    if not shutil.which("apt-get"):
        raise BrowserNotFoundError("No Chromium found, and no apt-get here to install it with.")
    apt_get = [*_as_root(), "apt-get", "-q"]
    try:
        subprocess.run([*apt_get, "update"], check=True)  # noqa: S603 - fixed words
        subprocess.run([*apt_get, "install", "-y", NAMES[0]], check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise BrowserNotFoundError(
            "No Chromium found, and apt-get could not install it."
        ) from error
    return find_chromium()


def _chosen(chosen: str) -> str:
    found = shutil.which(chosen)
    if not found:
        raise BrowserNotFoundError(f"CHROMIUM is set to {chosen}, which is not a program.")
    return found


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _as_root() -> list[str]:
    if os.geteuid() == 0:
        return []
    sudo = ["sudo", "--non-interactive"]
    # The answer to "may I": sudo fails at once where it would ask for a password.
    may = shutil.which("sudo") and not subprocess.run([*sudo, "true"], check=False).returncode  # noqa: S603
    if not may:
        raise BrowserNotFoundError("No Chromium found, and installing it needs root or sudo.")
    return sudo


def main(arguments: list[str]) -> int:
    """Print the path of Chromium, after installing it when asked to; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m e2e.browser", description=__doc__)
    parser.add_argument("--install", action="store_true", help="install Chromium if it is missing")
    wants_install = parser.parse_args(arguments).install
    try:
        path = _found_or_installed() if wants_install else find_chromium()
    except BrowserNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


def _found_or_installed() -> str:
    try:
        return find_chromium()
    except BrowserNotFoundError:
        # A wrong CHROMIUM is a slip to be told about, not a reason to install.
        if os.environ.get("CHROMIUM"):
            raise
        return install()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
