"""Migrations expand before they contract: the version before works on the database of its successor meanwhile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LAST_UNCHECKED = "0039"
MARK = re.compile(r"# contracts: \S.{15,}")
"""Before or in the line: why no process of the version before can miss it."""
CONTRACTIONS = {
    "drops a column or table": re.compile(r"\bop\.drop_(column|table)\(|\bDROP\s+(TABLE|COLUMN)\b"),
    "renames": re.compile(r"\bop\.rename_table\(|new_column_name=|\bRENAME\s+(TO|COLUMN)\b"),
    "changes a type": re.compile(r"\btype_=|\bALTER\s+COLUMN\s+\w+\s+(SET\s+DATA\s+)?TYPE\b"),
    "forbids null": re.compile(r"\bSET\s+NOT\s+NULL\b|alter_column\([^)]*nullable=False"),
}
ADDED = re.compile(r"op\.add_column\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")


def contractions(text: str) -> list[str]:
    """What of an upgrade the version before could miss, unless it is marked with a reason."""
    upgrade = re.split(r"^def downgrade\b", text, flags=re.MULTILINE)[0]
    lines = upgrade.splitlines()
    found: list[str] = []
    for number, line in enumerate(lines):
        marked = any(MARK.search(each) for each in lines[max(0, number - 1) : number + 1])
        found += [f"{name}: {line.strip()}" for name, each in CONTRACTIONS.items() if each.search(line) and not marked]
    for added in ADDED.finditer(upgrade):
        if "nullable=False" in added.group(0) and "server_default" not in added.group(0):
            found.append(f"adds a column that older versions do not fill: {added.group(0)}")
    return found


def test_no_new_migration_takes_away_what_the_version_before_needs(root: Path) -> None:
    versions = root / "athena" / "migrations" / "versions"
    new = [path for path in versions.glob("*.py") if path.name.split("_")[3] > LAST_UNCHECKED]
    missed = {path.name: found for path in new if (found := contractions(path.read_text("utf-8")))}
    assert not missed, f"{missed}: expand first, or say why it is safe with `# contracts: reason`"


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_column("agents", "slug")',
        'op.execute("ALTER TABLE agents DROP COLUMN slug")',
        'op.rename_table("agents", "helpers")',
        'op.execute("ALTER TABLE agents RENAME COLUMN slug TO name")',
        'op.alter_column("agents", "slug", nullable=False)',
        'op.execute("ALTER TABLE agents ALTER COLUMN slug TYPE int")',
        'op.add_column("agents", sa.Column("slug", sa.Text, nullable=False))',
    ],
)
def test_what_contracts_is_seen(line: str) -> None:
    assert len(contractions(f"def upgrade() -> None:\n    {line}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        'op.add_column("agents", sa.Column("slug", sa.Text, nullable=False, server_default=sa.text("1")))',
        'op.add_column("agents", sa.Column("slug", sa.Text))',
        "# contracts: no released version ever wrote this column\n    op.drop_column('agents', 'slug')",
        'op.create_table("slugs", sa.Column("slug", sa.Text, nullable=False))',
        'pass\n\n\ndef downgrade() -> None:\n    op.drop_column("agents", "slug")',
    ],
)
def test_what_expands_or_says_why_may_be(text: str) -> None:
    assert contractions(f"def upgrade() -> None:\n    {text}\n") == []
