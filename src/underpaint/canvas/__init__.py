"""Layered documents: what they hold, what they look like, and the files they live in."""
