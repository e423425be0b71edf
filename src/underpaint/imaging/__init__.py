"""Pure array work: sizes and boxes, colour, masks, resizing, and drawings turned into line layers."""
