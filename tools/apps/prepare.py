# SPDX-License-Identifier: GPL-2.0
"""What must be so before the applications are loaded, and before they are
measured. To be imported before numpy."""

import gc
import os

# One processor is all that a service gets. And numpy's tanh() in its version
# for AVX2 gives infinity on the processor that QEMU 7.2 emulates.
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1",
                  NPY_DISABLE_CPU_FEATURES="AVX2 FMA3")

# pylint: disable=wrong-import-position
import functions  # noqa: E402
import load       # noqa: E402


def warm_up(names):
    """Load all that the applications load when they are first used. While a
    guest waits for a file, a clock that counts instructions is of no use."""
    for name in names:
        app = functions.FUNCTIONS[name]()
        for request in load.requests_of(name, 2):
            app.answer(*request)
    gc.collect()
    gc.freeze()
