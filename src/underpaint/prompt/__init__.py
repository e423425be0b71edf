"""The prompt language: text to timed, weighted words, and those to chunks of tokens."""

from underpaint.prompt.attention import BREAK, BREAK_WEIGHT, Emphasis, Weighted, parse_attention
from underpaint.prompt.chunks import Chunk, Fix, Tokenizer, chunk_tokens
from underpaint.prompt.comfyui import parse_comfyui
from underpaint.prompt.parts import Network, split_parts, strip_comments, take_networks
from underpaint.prompt.prompt import MOST_CHARACTERS, Dialect, ParsedPrompt, Part, Schedule, parse_prompt
from underpaint.prompt.timeline import Clock, parse_timeline
from underpaint.prompt.wildcards import expand_wildcards

__all__ = [
    "BREAK",
    "BREAK_WEIGHT",
    "MOST_CHARACTERS",
    "Chunk",
    "Clock",
    "Dialect",
    "Emphasis",
    "Fix",
    "Network",
    "ParsedPrompt",
    "Part",
    "Schedule",
    "Tokenizer",
    "Weighted",
    "chunk_tokens",
    "expand_wildcards",
    "parse_attention",
    "parse_comfyui",
    "parse_prompt",
    "parse_timeline",
    "split_parts",
    "strip_comments",
    "take_networks",
]
