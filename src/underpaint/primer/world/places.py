"""Places: the sky and the ground as parts in pixels, far to near."""

from collections.abc import Callable

from underpaint.primer.world.coasts import cliff, shore
from underpaint.primer.world.indoors import room, studio
from underpaint.primer.world.lands import desert, forest, meadow, mountains, town
from underpaint.primer.world.place_kit import Ground, PlaceKit
from underpaint.primer.world.scene import Scene


def build_place(scene: Scene) -> Ground:
    """The place of a scene with its weather's clouds and its hour's sun, moon and stars."""
    return _BUILDERS[scene.place](PlaceKit(scene))


_BUILDERS: dict[str, Callable[[PlaceKit], Ground]] = {
    "meadow": meadow,
    "cliff": cliff,
    "shore": shore,
    "forest": forest,
    "town": town,
    "mountains": mountains,
    "desert": desert,
    "room": room,
    "studio": studio,
}
