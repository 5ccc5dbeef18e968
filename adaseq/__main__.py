"""`python -m adaseq` is the command `adaseq`."""

from __future__ import annotations

import sys

from adaseq.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
