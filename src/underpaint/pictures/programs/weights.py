"""How other programs weigh words, rewritten to A1111's `(words:1.2)`. Nothing here ever raises.

NovelAI: `{words}` weighs 1.05, `[words]` 1/1.05, `1.3::words::` 1.3. InvokeAI: `word++` and `(words)1.3`, where each
plus weighs 1.1 and each minus 0.9.
"""

import re

_STEP = {"{": 1.05, "[": 1 / 1.05}
_CLOSING = {"}": "{", "]": "["}
_NUMBERED = re.compile(r"(-?\d{0,3}(?:\.\d{1,4})?)::")
_TAIL = re.compile(r"([+-]{1,12})(?![\w+-])|(\d{1,2}(?:\.\d{1,4})?)(?![\w.])")
_PLUS, _MINUS = 1.1, 0.9
_MAX = 50_000


def braces_to_weights(text: str) -> str:
    """NovelAI's braces and numbers as A1111's weights; parentheses, which mean nothing there, are escaped."""
    if not any(sign in text for sign in "{}[]():"):
        return text
    pieces: list[str] = []
    weight, numbered, run = 1.0, 1.0, ""
    position = 0
    text = text[:_MAX]
    while position < len(text):
        sign = text[position]
        match = _NUMBERED.match(text, position) if sign in "-.0123456789:" else None
        if match or sign in "{[}]":
            pieces.append(_weighed(run, weight * numbered))
            run = ""
            if match:
                numbered = float(match[1]) if match[1] not in ("", "-", ".") else 1.0
                position = match.end()
                continue
            weight = weight * _STEP[sign] if sign in _STEP else weight / _STEP[_CLOSING[sign]]
        else:
            run += "\\" + sign if sign in "()" else sign
        position += 1
    pieces.append(_weighed(run, weight * numbered))
    return "".join(pieces)


def _weighed(run: str, weight: float) -> str:
    if abs(weight - 1) < 1e-3 or not run.strip():
        return run
    lead, tail = run[: len(run) - len(run.lstrip())], run[len(run.rstrip()) :]
    return f"{lead}({run.strip()}:{weight:.3f}".rstrip("0").rstrip(".") + f"){tail}"


def plus_to_weights(text: str) -> str:
    """InvokeAI's `word++` and `(words)1.3` as A1111's weights; brackets that weigh nothing there weigh nothing here."""
    if not any(sign in text for sign in "+-()[]"):
        return text
    text = text[:_MAX]
    pieces: list[str] = []
    opened: list[int] = []
    position = word_start = 0
    while position < len(text):
        sign = text[position]
        tail = _TAIL.match(text, position + (sign == ")"))
        if sign == "\\" and position + 1 < len(text):
            pieces.append(text[position : position + 2])
            position += 1
        elif sign == "(":
            opened.append(len(pieces))
            pieces.append(sign)
            word_start = len(pieces)
        elif sign == ")" and opened:
            start = opened.pop()
            inside = pieces[start + 1 :]
            pieces[start:] = [f"({''.join(inside)}:{_tail_weight(tail)})"] if tail else ["", *inside]
            position = tail.end() - 1 if tail else position
            word_start = start if tail else word_start
        elif sign in "+-" and tail and tail[1] and len(set(tail[1])) == 1 and "".join(pieces[word_start:]).strip():
            pieces[word_start:] = [f"({''.join(pieces[word_start:])}:{_tail_weight(tail)})"]
            position = tail.end() - 1
        else:
            pieces.append("\\" + sign if sign in "()[]" else sign)
            word_start = len(pieces) if sign.isspace() or sign == "," else word_start
        position += 1
    for start in opened:
        pieces[start] = "\\("
    return "".join(pieces)


def _tail_weight(tail: re.Match[str]) -> str:
    if tail[2] is not None:
        return tail[2]
    step = _PLUS if tail[1][0] == "+" else _MINUS
    return f"{step ** len(tail[1]):.3f}".rstrip("0").rstrip(".")
