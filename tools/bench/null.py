# SPDX-License-Identifier: GPL-2.0
"""The module that does not encrypt."""

import os
import subprocess

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))


def module(error):
    """Return its path; raise error where it is not built."""
    release = subprocess.run(
        [f"{REPO}/tools/vm/kernel", "stock", "--print", "release"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    path = f"{REPO}/build/kmod-{release}-null/themis_null.ko"
    if not os.path.exists(path):
        raise error("themis_null.ko is not built. Run make THEMIS_NULL=1 "
                    "module")
    return path
