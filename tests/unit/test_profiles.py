"""Rig maps: the data is sound, broken data is refused, and the right convention is found by the names of keys."""

from __future__ import annotations

import json
from typing import Any

import pytest

from addon.core.channels import CHANNELS
from addon.core.detection import coverage_sentence, covered, detect, detect_bones
from addon.core.errors import RigError
from addon.core.profiles import VISEMES, Profile, parse_profile, profile_document, profiles

OCULUS = [f"viseme_{name}" for name in VISEMES]
VRCHAT = ["vrc.v_pp", "vrc.v_aa", "vrc.v_ih", "vrc.v_oh", "vrc.v_ou"]
MOUTHLESS = [name for name in CHANNELS if not name.startswith(("mouth", "jaw"))]


def test_every_shipped_map_names_its_source_and_drives_something() -> None:
    assert {p.name for p in profiles()} == {
        "Oculus visemes", "VRM 0", "VRM 1", "VRoid", "MakeHuman", "Character Creator 4", "Microsoft visemes",
        "Daz Genesis 8", "Daz Genesis 8.1", "Daz Genesis 9", "MetaHuman", "Rigify face", "Rigify upgraded face",
        "Rigify metarig", "Character Creator bones", "Jaw bone",
    }  # fmt: skip
    for profile in profiles():
        assert len(profile.source) > 20
        assert all(gain for row in profile.rows for _, gain in row.sources)


@pytest.mark.parametrize("profile", [p for p in profiles() if p.bones], ids=lambda p: p.name)
def test_the_bones_of_each_map_lead_back_to_it(profile: Profile) -> None:
    found = detect_bones([*profile.requires, *profile.roles.values(), *(row.target for row in profile.bones)])
    assert found.profile == profile.name
    assert found.roles == profile.roles
    assert [drive.row for drive in found.drives] == list(profile.bones)


@pytest.mark.parametrize(
    ("bones", "jaw"),
    [
        (["mixamorig:Head", "mixamorig:Jaw"], "mixamorig:Jaw"),
        (["head", "FACIAL_C_Jaw"], "FACIAL_C_Jaw"),
        (["head", "lowerJaw", "upperTeeth"], "lowerJaw"),
        (["J_Bip_C_Head", "J_Bip_C_Jaw"], "J_Bip_C_Jaw"),
        (["Head", "Jaw"], "Jaw"),
        (["CC_Base_Head", "CC_Base_JawRoot"], "CC_Base_JawRoot"),
    ],
)
def test_a_jaw_is_found_by_what_its_maker_calls_it(bones: list[str], jaw: str) -> None:
    assert {drive.key for drive in detect_bones(bones).drives} == {jaw}


def test_dots_in_the_names_of_bones_are_no_prefixes() -> None:
    assert detect_bones(["upper_jaw.B", "teeth.jaw"]).drives == ()


def test_a_profile_that_is_saved_reads_back_the_same() -> None:
    for profile in profiles():
        assert parse_profile(json.loads(json.dumps(profile_document(profile))), "saved") == profile


def test_exports_of_daz_with_the_figure_in_front_are_recognised() -> None:
    genesis9 = next(p for p in profiles() if p.name == "Daz Genesis 9")
    found = detect([f"Genesis9__{row.target}" for row in genesis9.rows if not row.clamp[0]])
    assert found.profile == "Daz Genesis 9"
    assert len(covered(found.drives)) == 51
    assert detect(["Genesis8Female__eCTRLMouthOpen", "head.eCTRLEyesClosedL", "head.eCTRLBrowSqueeze"]).profile == (
        "Daz Genesis 8"
    )


def test_merged_sliders_go_both_ways_and_rest_beside_single_ones() -> None:
    merged = detect(["Jaw Left-Right", "facs_bs_JawOpen", "facs_bs_MouthCloseUpperLeft"])
    (row,) = (drive.row for drive in merged.drives if drive.key == "Jaw Left-Right")
    assert dict(row.sources) == {"jawLeft": 1.0, "jawRight": -1.0}
    assert row.clamp == (-1.0, 1.0)
    single = detect(["Jaw Left-Right", "facs_bs_JawLeft", "facs_bs_JawOpen", "facs_bs_MouthCloseUpperLeft"])
    assert "Jaw Left-Right" not in {drive.key for drive in single.drives}


@pytest.mark.parametrize("profile", [p for p in profiles() if p.named], ids=lambda p: p.name)
def test_the_targets_of_each_map_lead_back_to_it(profile: Profile) -> None:
    keys = ["Basis", *(row.target for row in profile.rows)]
    found = detect(keys)
    assert found.profile == profile.name
    unhindered = {row.target for row in profile.rows if not set(row.unless) & set(keys)}
    assert {drive.key for drive in found.drives} == unhindered


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"target": "A"}, "needs target and from"),
        ({"bone": "A", "from": {"jawOpen": 1}}, "a bone needs an axis"),
        ({"target": "A", "axis": "x", "from": {"jawOpen": 1}}, "a target has none"),
        ({"target": "A", "from": {"jawOpn": 1}}, "no viseme jawOpn"),
        ({"target": "A", "from": {"viseme:zz": 1}}, "no viseme viseme:zz"),
        ({"target": "A", "from": {}}, "must not be empty"),
        ({"target": "A", "from": {"jawOpen": "much"}}, "must be numbers"),
        ({"target": "A", "from": {"jawOpen": 1}, "clamp": [1, 0]}, "clamp must rise"),
        ({"target": "A", "from": {"jawOpen": 1}, "gain": 2}, "needs target and from"),
    ],
)
def test_a_broken_row_is_refused_with_its_place(row: dict[str, Any], why: str) -> None:
    with pytest.raises(RigError, match=why) as caught:
        parse_profile({"name": "x", "source": "y", "rows": [row]}, "x.json")
    assert caught.value.where == "x.json, row 1"


def test_a_target_twice_or_a_map_without_source_is_refused() -> None:
    row = {"target": "A", "from": {"jawOpen": 1}}
    with pytest.raises(RigError, match="two rows"):
        parse_profile({"name": "x", "source": "y", "rows": [row, row]}, "x.json")
    with pytest.raises(RigError, match="source"):
        parse_profile({"name": "x", "source": "", "rows": [row]}, "x.json")


def test_visemes_rest_where_arkit_keys_move_the_mouth_and_serve_where_those_have_none() -> None:
    whole = detect([*OCULUS, *CHANNELS])
    assert whole.profile == "ARKit"
    assert not any(drive.key in OCULUS for drive in whole.drives)
    mixed = detect([*OCULUS, *MOUTHLESS, "jawOpen"])
    assert mixed.profile == "Oculus visemes"
    assert {drive.key for drive in mixed.drives} == {*OCULUS, *MOUTHLESS}  # the jaw would open twice


def test_a_lid_for_both_eyes_rests_beside_single_lids() -> None:
    keys = ["A", "I", "U", "E", "O", "Blink", "Blink_L", "Blink_R"]
    assert "Blink" not in {drive.key for drive in detect(keys).drives}
    assert "Blink" in {drive.key for drive in detect(keys[:6]).drives}


def test_prefixes_copies_and_case_do_not_hide_a_convention() -> None:
    keys = ["Face.fcl_mth_a", "Face.Fcl_MTH_I.001", "Fcl_MTH_U"]
    assert [drive.key for drive in detect(keys).drives] == keys
    assert detect(VRCHAT).profile == "Oculus visemes"
    assert {drive.key for drive in detect(VRCHAT).drives} == set(VRCHAT)


def test_two_stray_letters_are_no_convention() -> None:
    assert detect(["A", "I", "Smile"]).drives == ()


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (OCULUS, "15 visemes; no lids, no gaze, no brows, no cheeks, no tongue"),
        (CHANNELS, "52 of 52 channels"),
        ([n for n in CHANNELS if not n.startswith("brow")], "47 of 52 channels; no brows"),
        ([*OCULUS, "eyeBlinkLeft"], "15 visemes and 1 of 52 channels; no gaze, no brows, no cheeks, no tongue"),
    ],
)
def test_coverage_is_one_sentence(keys: list[str], sentence: str) -> None:
    assert coverage_sentence(detect(keys).drives) == sentence
