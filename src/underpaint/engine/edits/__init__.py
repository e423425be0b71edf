"""Edits that the engine itself brings; controls bring theirs."""
