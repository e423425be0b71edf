"""A1111's scripts that are served, one file each: sets of ours and passes."""
