"""The built-in model is never told words of our own plans that it would call unknown."""

from underpaint.controls.light import LIGHT_WORDS
from underpaint.models.knowledge import knowledge, unknown_words
from underpaint.models.primer import primer_folder
from underpaint.sets.light_plans import LIGHT_PLANS


def test_what_light_plans_say_is_heard_or_seen_to_by_the_light() -> None:
    known = knowledge(primer_folder())
    assert known["words"]
    unheard = {word for plan in LIGHT_PLANS for word in unknown_words(plan.words, known)}
    assert unheard <= LIGHT_WORDS
    assert unknown_words("an overcast zoo", known) == ["overcast", "zoo"]
