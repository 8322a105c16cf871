"""Which processes are PostgreSQL on a given data directory.

postmaster.pid alone proves nothing: after a crash or a reboot its number may be anybody's. A
process counts only if its program is postgres and its working directory is the data directory,
where every PostgreSQL process stays. psutil compares the start time too, so that a number which
was given to another process in the meantime is noticed.
"""

from pathlib import Path

import psutil


def verified(pid: int, data_dir: Path) -> psutil.Process | None:
    """Return the process if it is a live postgres of this data directory."""
    try:
        # Always a new object, because psutil remembers the program of one from before its exec.
        process = psutil.Process(pid)
        if Path(process.exe()).name == "postgres" and data_dir.samefile(process.cwd()):
            return process
    except (psutil.Error, OSError):
        pass  # It is gone, or a zombie, or another user's; none of these is our server.
    return None


def is_alive(process: psutil.Process, data_dir: Path) -> bool:
    """Tell whether a process that was verified earlier is still there and the same."""
    return verified(process.pid, data_dir) == process


def any_left(data_dir: Path) -> bool:
    """Tell whether any postgres of this data directory lives, with or without a postmaster."""
    return any(verified(pid, data_dir) for pid in psutil.pids())


def pid_file_lines(data_dir: Path) -> list[str]:
    """Return the lines of postmaster.pid, none if there is no such file."""
    try:
        return (data_dir / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return []


def recorded_pid(data_dir: Path) -> int | None:
    """Return the number in postmaster.pid, to be verified before any use."""
    lines = pid_file_lines(data_dir)
    try:
        # A stand-alone backend writes its number with a minus sign.
        return abs(int(lines[0])) if lines else None
    except ValueError:
        return None


def postmaster(data_dir: Path) -> psutil.Process | None:
    """Return the running, verified main process of this data directory."""
    pid = recorded_pid(data_dir)
    return None if pid is None else verified(pid, data_dir)
