"""Opost measured against peers: `python -m benchmarks [--quick] [--write]`."""
