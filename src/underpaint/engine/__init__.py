"""The denoising loop on one loaded model, with three seams: guidance, edits, observers."""
