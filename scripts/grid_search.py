"""`python scripts/grid_search.py …` is `adaseq grid_search …`, without installing AdaSeq."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from adaseq.commands.main import main

if __name__ == "__main__":
    sys.exit(main(["grid_search", *sys.argv[1:]]))
