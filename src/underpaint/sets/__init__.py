"""Many recipes from few words and drawings: pure functions, no model needed."""
