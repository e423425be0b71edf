"""ComfyUI's graphs: nodes and links, the words behind them, and the samplers that used them."""
