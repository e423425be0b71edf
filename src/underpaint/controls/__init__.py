"""What steers besides words: one file a control."""
