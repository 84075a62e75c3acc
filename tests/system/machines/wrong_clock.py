"""`tests.system.site`, on a machine whose clock is off.

python -m tests.system.machines.wrong_clock FOLDER SECONDS
"""

from __future__ import annotations

import sys
import time

if __name__ == "__main__":
    right, off = time.time, float(sys.argv[2])
    time.time = lambda: right() + off

    from tests.system.site import main

    main(sys.argv[1])
