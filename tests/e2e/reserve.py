"""``athena`` with its imports done, waiting for a line to begin: so that twenty starts do not cost twenty imports.

From the line on it is the program as it is: ``reserve.py <arguments of athena>``.
"""

from __future__ import annotations

import sys

import granian.server.embed
import uvloop

import athena.app
import athena.server
from athena.__main__ import main

LOADED = (granian.server.embed, uvloop, athena.app, athena.server)

if __name__ == "__main__" and sys.stdin.readline():
    main()
