"""Underpaint: you draw; it lays in the paint under your lines.

```python
import underpaint

drawing = underpaint.read_drawing("my-drawing.jpg")
folder = underpaint.keys(drawing, "a girl with a sword on a cliff, storm", "keys/", count=3)
for painted in folder.keys:
    print(painted.key.name, painted.file, painted.take.measured)
```
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from underpaint.library.drawings import read_drawing
    from underpaint.library.session import keys, paint
    from underpaint.plan.painter import Painter

_HOMES = {"read_drawing": "underpaint.library.drawings", "keys": "underpaint.library.session",
          "paint": "underpaint.library.session", "Painter": "underpaint.plan.painter"}

__all__ = ["Painter", "__version__", "keys", "paint", "read_drawing"]


def __getattr__(name: str) -> Any:
    # Loaded when first used, so that `import underpaint` stays quick and free of torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'underpaint' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
