"""The command line: what a person types is checked, and handed to the rooms below.

Read in this order: `parsing` (options whose errors are one line, and help with examples),
`terminal` (colour, and commands as they are typed here), `entry` (`main`: from the words to the
exit code); then the commands: `reading` (lab), `batch` (run, verify) with its `results`, `doctor`
with its `checkup`, `training` (data, train, evaluate), `recording` (what renews the package's
weights and records).

Torch takes seconds to import, so nothing here imports it before a command runs: functions that
need it import it themselves.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
