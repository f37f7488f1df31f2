"""What is fixed about explorers: a sentence, without Jupyter."""

# What stands for a widget where no kernel runs: in a stored notebook, and so on GitHub.
STAND_IN = "[something to try by hand: run this cell to use it]"
