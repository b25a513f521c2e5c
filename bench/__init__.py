"""Measurements against others: `make bench` prints the tables and writes docs/benchmarks.md."""
