"""Poses as data: read, changed, drawn, compared. Nothing here steers: that takes an adapter trained on poses."""
