"""What hooks into a loaded model for one run and leaves no trace: LoRAs, textual inversions."""
