"""The colours of the figures: one for each class, and those of the diagrams."""

# Ten colours that every kind of colour vision can tell apart, on white and on dark pages.
# They were found by a search: as near as possible to Petroff's ten (2021) and to what the classes
# had before, at least 20 apart in CIELAB for eyes that lack one kind of cone, and with a contrast
# of 2 to 1 against white and against #0d1117. tests/figures/test_colours.py measures all of that.
CLASS_COLOURS = (
    "#448cd4",  # T-shirt/top
    "#fba506",  # Trouser
    "#b81200",  # Pullover
    "#3ac39a",  # Dress
    "#7c26b1",  # Coat
    "#aa6b59",  # Sandal
    "#e26100",  # Shirt
    "#b7ab6b",  # Sneaker
    "#717581",  # Bag
    "#93becc",  # Ankle boot
)
BLUE = "#0072B2"  # of the Okabe-Ito colours, as in style.mplstyle
ORANGE = "#D55E00"
INK = "#767676"  # of words and lines: 4.5 to 1 against white, 4.6 to 1 against black
