"""What the numbers were measured on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

import django
import psycopg
from django.db import connection

from benchmarks.report import aligned


def described() -> str:
    """The machine, the versions and the settings that matter, as a table."""
    return aligned(
        [
            ("what", "which"),
            ("date", f"{datetime.now(UTC):%Y-%m-%d}"),
            ("CPU", f"{_cpu()}, {os.cpu_count()} cores"),
            ("memory", f"{_memory() / 2**30:.0f} GB"),
            ("kernel", f"{platform.system()} {platform.release()}"),
            ("PostgreSQL", f"{_shown('server_version')}, {_settings()}"),
            ("Python", platform.python_version()),
            ("Django", django.__version__),
            ("psycopg", psycopg.__version__),
        ]
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _settings() -> str:
    names = ("fsync", "synchronous_commit", "wal_sync_method", "shared_buffers", "max_wal_size")
    return ", ".join(f"{name} {_shown(name)}" for name in names)


def _shown(setting: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return str(cursor.fetchone()[0])
