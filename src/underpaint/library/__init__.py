"""Drawings come in, takes go out: what lies on disk."""
