"""Observers that the engine itself brings: progress, preview, cancel."""
