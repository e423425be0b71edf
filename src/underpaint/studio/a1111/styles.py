"""A1111's styles: words in `styles.csv`, in Underpaint's own folder and in the folders of A1111 that were added."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from underpaint.studio.a1111.replies import Style

FILE = "styles.csv"
MOST_BYTES, MOST_STYLES = 4 << 20, 5_000


def read_styles(folders: Iterable[Path]) -> dict[str, Style]:
    """Every style by its name; of two with one name the first counts. What cannot be read is passed over."""
    found: dict[str, Style] = {}
    for folder in folders:
        for style in _read(folder / FILE):
            found.setdefault(style.name, style)
    return found


def _read(file: Path) -> Iterable[Style]:
    try:
        if not file.is_file() or file.stat().st_size > MOST_BYTES:
            return []
        rows = csv.DictReader(io.StringIO(file.read_text("utf-8-sig", errors="replace")))
        return [Style(name=row["name"], prompt=row.get("prompt") or row.get("text") or "",
                      negative_prompt=row.get("negative_prompt") or "")
                for row, _ in zip(rows, range(MOST_STYLES), strict=False) if row.get("name")]
    except (OSError, csv.Error):
        return []


def styled(prompt: str, styles: Iterable[str], known: Mapping[str, Style], *, negative: bool = False) -> str:
    """Words with styles: where a style holds `{prompt}` they go there, else it follows them after a comma. As in A1111
    a name that there is not changes nothing."""
    for name in styles:
        style = known.get(name)
        text = ((style.negative_prompt if negative else style.prompt) or "") if style else ""
        if "{prompt}" in text:
            prompt = text.replace("{prompt}", prompt)
        else:
            prompt = ", ".join(part for part in (prompt.strip(), text.strip()) if part) if text.strip() else prompt
    return prompt
