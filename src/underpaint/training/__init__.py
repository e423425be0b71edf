"""The one trainer: a loop with a budget, checkpoints that survive a kill, averaged weights, and a dataset on disk."""
