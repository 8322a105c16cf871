"""A PostgreSQL server of the checkout's own, started on first use and stopped after the last.

Django loads this package as a database backend (``ENGINE = "config.embedded"``, see ``base``).
``server`` is what a process that uses the database calls, ``keeper`` is the process that starts
and stops PostgreSQL. Importing any of it starts nothing.
"""
