"""AUTOMATIC1111's API over our desk: its clients paint here without knowing. See docs/a1111.md."""
