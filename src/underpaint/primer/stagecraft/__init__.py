"""The World in three dimensions: scenes as data, built as solids, seen through one pinhole camera, exactly known."""
