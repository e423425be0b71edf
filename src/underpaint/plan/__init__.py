"""From what is asked to what will be done: a recipe becomes a frozen plan, a plan becomes a take."""
