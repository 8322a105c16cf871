#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415
    except ImportError as error:
        raise SystemExit("Django is missing: run `make run`, or activate .venv.") from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
