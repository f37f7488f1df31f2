"""The colours of the figures: one for each class, and those of the diagrams."""

# Ten colours that colour-blind readers can tell apart (Petroff 2021, its lighter grey replaced by a
# green that stays visible when it is washed out); figures label the classes directly as well.
CLASS_COLOURS = (
    "#3f90da",  # T-shirt/top
    "#ffa90e",  # Trouser
    "#bd1f01",  # Pullover
    "#2f8f5b",  # Dress
    "#832db6",  # Coat
    "#a96b59",  # Sandal
    "#e76300",  # Shirt
    "#b9ac70",  # Sneaker
    "#717581",  # Bag
    "#92dadd",  # Ankle boot
)
BLUE = "#0072B2"  # of the Okabe-Ito colours, as in style.mplstyle
ORANGE = "#D55E00"
INK = "#767676"  # of words and lines: 4.5 to 1 against white, 4.6 to 1 against black
