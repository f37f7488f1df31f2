"""`python -m vaehelpers`: the commands of `vaehelpers.cli`."""

import sys

if __name__ == "__main__":
    # Imported here: worker processes of a batch run import this module too, and need no commands.
    from .cli import main

    sys.exit(main())
