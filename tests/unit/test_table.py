"""The mapping table: many to many, signed, mirrored, and the same rig map when it is read back."""

from __future__ import annotations

import pytest

from addon.core.detection import detect, detect_bones
from addon.core.errors import RigError
from addon.core.profiles import profiles
from addon.core.table import TableRow, flip_source, mirrored, profile_of, table_of, with_mirrored


def flip(name: str) -> str:
    return name[:-1] + {"L": "R", "R": "L"}[name[-1]] if name[-2:] in ("_L", "_R", ".L", ".R") else name


def test_a_convention_survives_the_way_through_the_table() -> None:
    for profile in profiles():
        names = [*profile.requires, *(row.target for row in profile.rows)]
        drives = detect_bones(names).drives if profile.bones else detect(names).drives
        back = profile_of(profile.name, table_of(drives))
        assert {(r.address, r.sources, r.clamp, r.opens, r.mood) for r in back.rows} == {
            ((d.key, d.row.axis), d.row.sources, d.row.clamp, d.row.opens, d.row.mood) for d in drives
        }


def test_rows_of_one_target_add_up() -> None:
    (row,) = profile_of("x", [TableRow("A", "jawOpen"), TableRow("A", "mouthClose", -1.0)]).rows
    assert dict(row.sources) == {"jawOpen": 1.0, "mouthClose": -1.0}


def test_the_mirror_image_flips_names_sources_and_sideways_axes() -> None:
    assert mirrored(TableRow("Smile_L", "mouthSmileLeft", 0.5), flip) == TableRow("Smile_R", "mouthSmileRight", 0.5)
    sideways = TableRow("lips.L", "mouthSmileLeft", 0.1, low=-0.2, high=1.0, axis="x")
    other = mirrored(sideways, flip)
    assert other == TableRow("lips.R", "mouthSmileRight", -0.1, -0.0, -1.0, 0.2, "x")
    assert mirrored(TableRow("Jaw", "jawOpen"), flip) is None
    assert flip_source("browInnerUp") == "browInnerUp"


def test_mirroring_a_table_replaces_the_right_side_and_keeps_the_middle() -> None:
    rows = [
        TableRow("Smile_L", "mouthSmileLeft", 0.7),
        TableRow("Smile_R", "mouthSmileRight", 0.1),
        TableRow("J", "jawOpen"),
    ]
    found = with_mirrored(rows, flip)
    assert set(found) == {rows[0], TableRow("Smile_R", "mouthSmileRight", 0.7), rows[2]}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (TableRow(" ", "jawOpen"), "no target"),
        (TableRow("A", "jawOpn"), "no viseme jawOpn"),
        (TableRow("A", "jawOpen", low=1.0, high=0.0), "below its highest"),
    ],
)
def test_a_row_that_is_not_finished_is_refused_with_what_is_missing(row: TableRow, why: str) -> None:
    with pytest.raises(RigError, match=why):
        profile_of("x", [row])
