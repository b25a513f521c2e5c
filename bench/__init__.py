"""Measurements against others in one run: `make bench` prints the tables and writes docs/benchmarks.md."""
