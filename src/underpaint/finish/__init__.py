"""What is done to a painted picture afterwards: made larger, cut out, toned, matched. One file an operation."""
