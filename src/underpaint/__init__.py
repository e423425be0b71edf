"""Underpaint: you draw; it lays in the paint under your lines."""

__version__ = "0.1.0"
