"""Measurements, printed as tables: `make bench`, or `python -m bench NAME`."""
