"""One tree of errors: every message says what, where and the way out.

```
UnderpaintError
├── RecipeError      a field of a recipe cannot be used
├── PromptError      words that cannot be used as they stand
├── PictureError     a picture file that cannot be read
│   └── DrawingError     a drawing in which no lines were found
├── ModelError       a model that is missing, unsafe, damaged or of another kind
├── PlanError        asked for something the model here cannot do
├── OutputError      a place that cannot be written
├── LibraryError     a library that is damaged, newer, locked or lacks what was asked for
│   └── NotThere         no job or picture of that name
├── Busy             as much is waiting as the server takes on
├── ClusterError     painters on other machines that are not there, or do not stay
├── MemoryShortage   the machine ran out of memory after every fallback
└── Cancelled        stopped by the person at the keyboard
```
"""


class UnderpaintError(Exception):
    """What went wrong (`message`), the way out (`hint`) and where (`field`), each one line."""

    exit_code = 1
    http_status = 500

    def __init__(self, message: str, *, hint: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        out = f". {self.hint}" if self.hint else ""
        return f"{where}{self.message}{out}"


class RecipeError(UnderpaintError):
    """A field of a recipe is missing, out of range or of a newer schema."""

    exit_code = 3
    http_status = 422


class PromptError(UnderpaintError):
    """Words that cannot be used as they stand, such as a prompt past the length cap."""

    exit_code = 3
    http_status = 422


class PictureError(UnderpaintError):
    """A file that is not a picture, is damaged, too large or of a kind we do not read."""

    exit_code = 4
    http_status = 422


class DrawingError(PictureError):
    """A drawing in which no lines were found."""


class ModelError(UnderpaintError):
    """A model that is unknown, unsafe, truncated, or made for another family."""

    exit_code = 5
    http_status = 404


class PlanError(UnderpaintError):
    """The recipe asks for something that the chosen model or machine cannot do."""

    exit_code = 6
    http_status = 422


class OutputError(UnderpaintError):
    """A file or folder that cannot be written."""

    exit_code = 7
    http_status = 507


class LibraryError(UnderpaintError):
    """A library that is damaged, newer than this program, not to be written, or without what was asked for."""

    exit_code = 9
    http_status = 409


class NotThere(LibraryError):
    """A job or picture that was named and is not in the library."""

    http_status = 404


class Busy(UnderpaintError):
    """More is waiting than the server takes on; `retry_after` seconds from now there may be room."""

    http_status = 429

    def __init__(self, message: str, *, hint: str | None = None, field: str | None = None,
                 retry_after: float = 10.0) -> None:
        super().__init__(message, hint=hint, field=field)
        self.retry_after = retry_after


class ClusterError(UnderpaintError):
    """A cluster of painters that cannot be reached, or whose workers do not live long enough to paint."""

    exit_code = 10
    http_status = 503


class MemoryShortage(UnderpaintError):
    """Memory ran out after every fallback was tried."""

    exit_code = 8
    http_status = 503


class Cancelled(UnderpaintError):
    """Stopped by the person at the keyboard; what was finished is kept."""

    exit_code = 130
    http_status = 499
