"""Adapters for the architectures Underpaint paints with: the only home of diffusers at run time."""
