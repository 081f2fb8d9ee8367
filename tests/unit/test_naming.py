"""Names of keys and bones as artists and exporters spell them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest

from addon.core.channels import CHANNELS
from addon.core.naming import guess_bones, match_channel, match_channels


def _cut(name: str) -> tuple[str, str]:
    for side in ("Left", "Right"):
        if name.endswith(side):
            return name.removesuffix(side), side
    return name, ""


SPELLINGS = {
    "as it is": lambda n: n,
    "Live Link": lambda n: n[0].upper() + n[1:],
    "lower case": str.lower,
    "upper case": str.upper,
    "_L": lambda n: "_".join(p for p in (_cut(n)[0], _cut(n)[1][:1]) if p),
    ".L": lambda n: ".".join(p for p in (_cut(n)[0], _cut(n)[1][:1]) if p),
    "L_": lambda n: "_".join(p for p in (_cut(n)[1][:1], _cut(n)[0]) if p),
    "blendShape": lambda n: f"blendShape2.{n}",
    "MPFB": lambda n: f"!ex-{n}",
    "mesh name": lambda n: f"Head_{n}",
    "ARKit": lambda n: f"ARKit_{n}",
    "copy": lambda n: f"{n}.001",
    "copy and prefix": lambda n: f"Head_{n}.012",
    "snake": lambda n: "".join(f"_{c.lower()}" if c.isupper() else c for c in n),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_is_known_in_every_spelling(channel: str, spelling: str) -> None:
    assert match_channel(SPELLINGS[spelling](channel)) == channel


@pytest.mark.parametrize(
    "name",
    ["Basis", "viseme_aa", "vrc.v_ou", "jawOpen_mouthSmileLeft", "jawOpen_corrective", "smile", "", "_", ".001",
     "Left", "mouth", "jaw", "openJaw", "eyesClosed"],
)  # fmt: skip
def test_names_that_are_no_channel_drive_nothing(name: str) -> None:
    assert match_channel(name) is None


def test_of_rival_spellings_the_closest_to_the_channel_is_driven_alone() -> None:
    matches = match_channels(["Head_jawOpen", "jawOpen.001", "JawOpen", "jawOpen"])
    assert [(m.key, m.channel) for m in matches] == [("jawOpen", "jawOpen")]
    assert [m.key for m in match_channels(["Head_jawOpen", "jawOpen.001"])] == ["jawOpen.001"]


def test_equal_rivals_are_settled_by_their_order() -> None:
    assert [m.key for m in match_channels(["A_jawOpen", "B_jawOpen"])] == ["A_jawOpen"]
    assert [m.key for m in match_channels(["B_jawOpen", "A_jawOpen"])] == ["B_jawOpen"]


def test_two_halves_of_a_channel_without_side_both_follow_it() -> None:
    matches = match_channels(["browInnerUp_L", "browInnerUp_R", "cheekPuff_L"])
    assert [(m.key, m.channel) for m in matches] == [
        ("browInnerUp_L", "browInnerUp"),
        ("browInnerUp_R", "browInnerUp"),
        ("cheekPuff_L", "cheekPuff"),
    ]


def test_halves_rest_when_the_whole_is_there() -> None:
    assert [m.key for m in match_channels(["browInnerUp_L", "browInnerUp", "browInnerUp_R"])] == ["browInnerUp"]


def test_matches_come_in_the_order_of_the_keys() -> None:
    keys = ["Basis", *reversed(CHANNELS)]
    assert [m.key for m in match_channels(keys)] == list(reversed(CHANNELS))


@pytest.mark.parametrize(
    ("bones", "expected"),
    [
        (["neck01", "head", "jaw", "eye.L", "eye.R"], ("head", "neck01", "eye.L", "eye.R")),
        (["CC_Base_Head", "CC_Base_NeckTwist01", "CC_Base_L_Eye", "CC_Base_R_Eye"],
         ("CC_Base_Head", "CC_Base_NeckTwist01", "CC_Base_L_Eye", "CC_Base_R_Eye")),
        (["J_Bip_C_Neck", "J_Bip_C_Head", "J_Bip_C_Head_end", "J_Adj_L_FaceEye", "J_Adj_R_FaceEye"],
         ("J_Bip_C_Head", "J_Bip_C_Neck", "J_Adj_L_FaceEye", "J_Adj_R_FaceEye")),
        (["mixamorig:Neck", "mixamorig:Head", "mixamorig:HeadTop_End", "mixamorig:LeftEye", "mixamorig:RightEye"],
         ("mixamorig:Head", "mixamorig:Neck", "mixamorig:LeftEye", "mixamorig:RightEye")),
        (["neckLower", "neckUpper", "head", "lEye", "rEye", "lEyelidUpper"], ("head", "neckLower", "lEye", "rEye")),
        (["EyeTarget.L", "Eyebrow_L", "LeftEyelid", "Forehead", "root"], ("", "", "", "")),
    ],
)  # fmt: skip
def test_bones_of_common_rigs_are_guessed(bones: list[str], expected: tuple[str, ...]) -> None:
    guess = guess_bones(bones)
    assert (guess.head, guess.neck, guess.eye_left, guess.eye_right) == expected


def _target_names(glb: Path) -> list[str]:
    data = glb.read_bytes()
    (length,) = struct.unpack("<I", data[12:16])
    document = json.loads(data[20 : 20 + length])
    found: list[str] = []
    for mesh in document["meshes"]:
        names = mesh.get("extras", {}).get("targetNames")
        names = names or mesh["primitives"][0].get("extras", {}).get("targetNames", [])
        found += [name for name in names if name not in found]
    return found


@pytest.mark.parametrize(
    ("rig", "count"), [("facecap_arkit52/facecap_plain.glb", 52), ("ict_facekit/ict_head_arkit51.glb", 51)]
)
def test_the_keys_of_real_heads_are_all_found(shared_data: Path, rig: str, count: int) -> None:
    matched = {m.channel for m in match_channels(_target_names(shared_data / "rigs" / rig))}
    assert len(matched) == count
