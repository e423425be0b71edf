"""What is told of finished pictures and of estimates: quality, words, controls, look-alikes, the artist's own picks."""
