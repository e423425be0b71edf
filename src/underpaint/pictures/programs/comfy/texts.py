"""The words behind a sampler: through conditioning nodes to the encoders, through text nodes to the text itself."""

import re

from underpaint.pictures.programs.comfy.graph import MAX_DEPTH, End, Graph, Node, is_link, truth

MAX_TEXT = 200_000
_CONDITIONING = ("conditioning", "conditioning_to", "conditioning_from", "conditioning_1", "conditioning_2",
                 "conditioning1", "conditioning2", "conditioning_3", "conditioning_4", "cond", "cond1", "conds",
                 "base_positive", "cond_embeds")  # fmt: skip
_ENCODED = ("t5xxl", "mt5xl", "text_g", "text_l", "clip_l", "clip_g", "bert", "llama")
_TEXT = (
    "populated_text", "text", "prompt", "string", "value", "Text", "STRING", "String", "prompt_text", "wildcard_text",
    "multiline_text", "positive", "positive_prompt", "text_positive", "user_prompt", "string_field", "content",
    "source", "input", "any", "anything", "result", "text1", "text_a", "tags", "caption",
)  # fmt: skip
_PART = re.compile(r"(?:text|string|str|prompt|part|input|in|line|textbox)_?(?:[a-h]|\d{1,2})|[a-d]")
_JOINERS = ("delimiter", "separator", "sep", "joiner", "split")
_SIGNS = {"comma": ", ", "space": " ", "newline": "\n", "none": "", "tab": "\t"}
_MADE = ("textgenerate", "llm", "gpt", "ollama", "florence", "tagger", "interrogat", "caption", "openai", "gemini",
         "claude", "qwenvl", "joycaption", "promptgen", "promptenhance")  # fmt: skip


class Texts:
    """Finds words in one graph. Nothing here raises; what cannot be found is None or nothing."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._room = MAX_TEXT * 4

    def conditioning(self, value: object, role: str, depth: int = 0, *, bundled: bool = False) -> list[str]:
        """The texts behind a conditioning link, in order; `role` is positive or negative.

        `bundled`: the link brings many things at once, so that the number of its output says nothing about the side.
        """
        end = self.graph.end(value)
        if end is None or depth > MAX_DEPTH:
            return [value] if isinstance(value, str) and value.strip() else []
        node = end.node
        if "zeroout" in node.kind.casefold():
            return []
        sides = self._sides(end if not bundled else End(node, -1), role)
        if sides is not None:
            return self.conditioning(sides, role, depth + 1)
        ways = [node.inputs[key] for key in _CONDITIONING if is_link(node.inputs.get(key))]
        if ways:
            self._regions(node)
            found: list[str] = []
            for way in ways:
                found += [text for text in self.conditioning(way, role, depth + 1) if text not in found]
            return found
        own = self.encoded(end, role)
        if own is not None:
            return [own]
        pipes = [link for key, link in self.graph.links(node)
                 if any(part in key for part in ("pipe", "tuple", "context", "ctx", "embeds", "guider"))]
        return self.conditioning(pipes[0], role, depth + 1, bundled=True) if pipes else []

    def _sides(self, end: End, role: str) -> object:
        """Of a node that takes both sides, the one that this output hands on."""
        inputs = end.node.inputs
        if not (is_link(inputs.get("positive")) and "negative" in inputs):
            return inputs.get(role) if is_link(inputs.get(role)) else None
        side = {0: "positive", 1: "negative"}.get(end.slot, role)
        chosen = inputs.get(side)
        return chosen if is_link(chosen) else None

    def _regions(self, node: Node) -> None:
        kind = node.kind.casefold()
        if "gligen" in kind:
            self.graph.say("words for boxes in the picture (GLIGEN) are left out")
        elif "area" in kind or "mask" in kind:
            self.graph.say("words for parts of the picture are painted for the whole of it")

    def encoded(self, end: End, role: str) -> str | None:
        """The words of a node that encodes them: its own text, or that of each of its encoders, once."""
        inputs = end.node.inputs
        for key in (role, f"{role}_prompt", f"text_{role}", f"{role}_text", f"prompt_{role}"):
            if key in inputs:
                return self.text(inputs[key], role)
        texts = [self.text(inputs[key], role) for key in _ENCODED if key in inputs]
        found = list(dict.fromkeys(text for text in texts if text and text.strip()))
        if texts and ("text" not in inputs or found):
            return ", ".join(found)
        return self._own(end, role, 0)

    def text(self, value: object, role: str = "positive", depth: int = 0) -> str | None:
        """The text of an input, also through nodes that hold, join and show texts."""
        if isinstance(value, str):
            self._room -= len(value)
            return value[:MAX_TEXT] if self._room > 0 else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        end = self.graph.end(value, choose=False)
        if end is None or depth > MAX_DEPTH:
            return None
        found = self._own(end, role, depth)
        kind = end.node.kind
        if found is None and "on_true" not in end.node.inputs and not any(mark in kind.casefold() for mark in _MADE):
            self.graph.say(f"words come out of a node that is not known here ('{kind:.40}')")
        return found

    def _own(self, end: End, role: str, depth: int) -> str | None:
        node, inputs = end.node, end.node.inputs
        kind = node.kind.casefold()
        if "on_true" in inputs or "on_false" in inputs:
            return self._either(node, role, depth)
        if any(mark in kind for mark in _MADE):
            self.graph.say("words that a language model wrote while painting are not in the file")
            return None
        if "find" in inputs and "replace" in inputs:
            return self._replaced(node, role, depth)
        parts = [key for key in inputs if _PART.fullmatch(key)]
        if len(parts) > 1 and not ("text" in inputs and kind.startswith("showtext")):
            return self._joined(node, parts, role, depth)
        sided = f"text_{'negative' if end.slot == 1 else 'positive'}"
        for key in ((sided, *_TEXT) if sided in inputs else _TEXT):
            if key in inputs:
                found = self.text(inputs[key], role, depth + 1)
                if found is not None:
                    return found
        shown = inputs.get("text_0")  # what a display node showed last
        return self.text(shown, role, depth + 1) if isinstance(shown, str) else None

    def _either(self, node: Node, role: str, depth: int) -> str | None:
        """If and else: the chosen branch, and the other one where that has no text in the file."""
        chosen, other = node.inputs.get("on_true"), node.inputs.get("on_false")
        if truth(self.graph, node.inputs.get("switch")) is False:
            chosen, other = other, chosen
        found = self.text(chosen, role, depth + 1)
        return self.text(other, role, depth + 1) if found is None else found

    def _replaced(self, node: Node, role: str, depth: int) -> str | None:
        base = next((key for key in ("string", "text", "input") if key in node.inputs), None)
        text = self.text(node.inputs.get(base), role, depth + 1) if base else None
        old = self.text(node.inputs["find"], role, depth + 1)
        new = self.text(node.inputs["replace"], role, depth + 1)
        if not text or not old or new is None or text.count(old) * len(new) > MAX_TEXT:
            return text
        return text.replace(old, new)[:MAX_TEXT]

    def _joined(self, node: Node, parts: list[str], role: str, depth: int) -> str | None:
        found = [self.text(node.inputs[key], role, depth + 1) for key in parts[:32]]
        if all(text is None for text in found):
            return None
        exact = node.kind == "StringConcatenate"  # it joins empty texts too
        texts = [text or "" for text in found if text or exact]
        joiner = next((self.text(node.inputs[key], role, depth + 1) for key in _JOINERS if key in node.inputs), None)
        joiner = " " if joiner is None else _SIGNS.get(joiner.casefold(), joiner)
        return joiner.replace("\\n", "\n").join(texts)[:MAX_TEXT]
