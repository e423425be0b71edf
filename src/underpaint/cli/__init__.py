"""The command line: words become a recipe, the recipe is painted, the result is printed."""
