"""`python -m vaehelpers`: the commands of `vaehelpers.commands`."""

import sys

if __name__ == "__main__":
    from .commands import (
        main,
    )  # not above: the processes of a batch run import this module again, without its commands

    sys.exit(main())
