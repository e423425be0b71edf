"""The built-in model: the World it learns from, how its parts are trained, its card."""
