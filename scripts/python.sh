#!/bin/sh
# Runs its arguments with a Python of version 3.11 or newer: $PYTHON if that is set, else the first one found.
# Each candidate is tried, not only looked up: a name on the path may belong to a launcher without that version.
set -eu

fits='import sys; sys.exit(sys.version_info < (3, 11))'
for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3.14 python3 python; do
    if "$candidate" -c "$fits" >/dev/null 2>&1; then
        exec "$candidate" "$@"
    fi
done
echo "Athena needs Python 3.11 or newer, and none was found. Install one, or name it: make run PYTHON=/path/to/python3" >&2
exit 1
