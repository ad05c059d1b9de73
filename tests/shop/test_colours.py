"""A business's colour: whatever it is, words in it and on it can be read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplero.lib import colours

COLOURS = st.integers(0, 0xFFFFFF).map("#{:06x}".format)

# The lightest and the darkest that words in the colour stand on: tokens --card and --sunken of static/css/shop/tokens.css in sRGB.
LIGHT, DARK = ("#fffdf9", "#f2ece2"), ("#1b1712", "#28231c")


@settings(deadline=None)
@given(COLOURS)
def test_words_can_be_read_in_daylight_and_in_the_dark(colour):
    for shades, grounds in ((colours.light(colour), LIGHT), (colours.dark(colour), DARK)):
        for ground in (*grounds, shades.soft):
            assert colours.contrast(shades.text, ground) >= 4.5
            assert colours.contrast(shades.text_hover, ground) >= 4.5
        assert colours.contrast(shades.fill, shades.on_fill) >= 4.5
        assert colours.contrast(shades.fill_hover, shades.on_fill) >= 4.5
        assert all(map(colours.is_colour, (shades.line, shades.soft, shades.fill, shades.fill_hover)))


def test_a_colour_that_reads_well_stays_as_it_is():
    assert colours.light("#2f6b4f").fill == colours.light("#2f6b4f").text == "#2f6b4f"
    assert colours.dark("#9fd8bd").text == "#9fd8bd"


@settings(deadline=None)
@given(COLOURS)
def test_a_way_there_and_back(colour):
    assert colours.moved(colour, 0) == colour


@pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
def test_contrast_is_what_wcag_says(one, other, ratio):
    assert colours.contrast(one, other) == colours.contrast(other, one) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize("text", ["", "#fff", "#FFFFFF", "red", "#12345g", "#123456 ", "#123456\n"])
def test_what_is_none(text):
    assert not colours.is_colour(text)
    with pytest.raises(ValueError, match="not a colour"):
        colours.light(text)
