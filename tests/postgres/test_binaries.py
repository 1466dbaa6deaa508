"""Where PostgreSQL's programs come from, and who can run them."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from athena.postgres import PostgresError, binaries
from athena.postgres.account import Account

NOBODY = Account("nobody", 65534, 65534)


def test_the_programs_of_the_package_run() -> None:
    found = binaries.find_binaries(None)
    assert found.initdb.is_file()
    assert found.major_version() >= 18


def test_a_copy_is_whole_and_open_to_all(folder: Path) -> None:
    spec = find_spec(binaries.PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    umask = os.umask(0o077)
    try:
        copy = binaries._copied(Path(spec.submodule_search_locations[0]), folder / "system")
        again = binaries._copied(Path("/nonexistent"), folder / "system")
    finally:
        os.umask(umask)
    assert again == copy
    assert NOBODY.may_run(copy.postgres)
    assert copy.major_version() >= 18
    # The client library lies beside the package, and is found from the copy.
    user = NOBODY.uid if os.geteuid() == 0 else None
    subprocess.run([copy.initdb, "--version"], check=True, capture_output=True, user=user, cwd="/")
    assert [each.name for each in (folder / "system").iterdir()] == [copy.folder.parents[2].name]


def test_a_missing_package_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    with pytest.raises(PostgresError, match="is not installed; install it, or set ATHENA_DATABASE_URL"):
        binaries.find_binaries(None)


def test_a_closed_parent_cannot_be_entered(folder: Path) -> None:
    inner = folder / "closed" / "inner"
    inner.mkdir(parents=True)
    assert NOBODY.may_enter(inner)
    inner.parent.chmod(0o700)
    assert not NOBODY.may_enter(inner)
    assert not NOBODY.may_enter(inner / "missing")
