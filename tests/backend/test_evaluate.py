"""The evaluation as a whole: one page that stands alone, with every chapter's tables, from the shipped line."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from addon.core.performance import Performance
from backend import cli
from backend.demo.filmed import CLOSE_UP
from backend.demo.puppet import Pose, puppet
from backend.evaluation import judging
from backend.evaluation.material import QUICK, accented_rows, gather, joined, opening, silence
from backend.evaluation.report.html import page, shown
from backend.evaluation.report.model import Cell, Section, Table
from backend.evaluation.report.svg import Band, Curve, curves
from backend.evaluation.sections import emotions as chapter
from backend.evaluation.studio import Studio
from backend.training.corpus.recordings import deal_speakers
from tests.backend.sounds import SHIPPED_LINE

TABLES = (
    "Goals",
    "Speed",
    "Closures and visemes",
    "Opening, width and timing",
    "Distances from the reference",
    "Loudness, beats, head and voice",
    "Jitter",
    "rules, full intensity",
    "Gaze and head of rules",
    "Lips in emotion",
    "Ranges",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a quick evaluation of the rules on the shipped line alone."""
    out = tmp_path_factory.mktemp("evaluation")
    nowhere = out / "no shared data"
    assert cli.main(["evaluate", "--engines", "rules", "--quick", "--shared", str(nowhere), "--out", str(out)]) == 0
    return out


def test_the_page_has_the_tables_and_pictures_and_needs_nothing_else(report: Path) -> None:
    html = (report / "report.html").read_text(encoding="utf-8")
    for title in TABLES:
        assert f"<h3>{title}" in html
    assert html.count("data:image/jpeg;base64,") == 1
    assert html.count("<svg") >= 10
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    assert "<script" not in html


def test_the_page_says_what_was_skipped(report: Path) -> None:
    html = (report / "report.html").read_text(encoding="utf-8")
    assert "SKIPPED: ljspeech_32, speechocean762, picovoice_leopard, nvidia_a2f_samples" in html


def test_the_figures_are_those_of_the_rules(report: Path) -> None:
    """The reference closes on every p, b, m of its own alignment, stays in range, and drives every lid."""
    tables = {t["title"]: t for s in json.loads((report / "report.json").read_text("utf-8")) for t in s["tables"]}
    closures = {row[1]: row for row in tables["Closures and visemes"]["rows"]}
    recall = tables["Closures and visemes"]["columns"].index("recall")
    visemes = tables["Closures and visemes"]["columns"].index("visemes, all frames")
    assert closures["rules, given the text"][recall] == 1.0
    assert closures["rules, given the text"][visemes] > 0.98
    assert 0.3 < closures["rules"][visemes] < closures["rules, given the text"][visemes]
    blink_rate = next(row for row in tables["rules, full intensity"]["rows"] if row[0] == "blink rate")
    assert all(0 < value < 80 for value in blink_rate[1:9])


def test_an_unknown_engine_is_refused_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--engines", "rules,psychic", "--out", str(tmp_path / "x")]) == 2
    assert "no engine called 'psychic'; it has neural, rules" in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_material_without_shared_data_is_the_shipped_line(tmp_path: Path) -> None:
    material = gather(tmp_path, QUICK)
    assert material.own.name == "demo line"
    assert material.emotional == (material.own,)
    assert list(material.aligned) == ["demo line"]
    assert len(material.missing) == 4


def test_speakers_are_those_that_no_network_was_trained_on() -> None:
    rows = [
        {"speaker": f"{k:04d}", "file": f"{k}-{n}", "language": "en", "text": "words"}
        for k in range(40)
        for n in range(6)
    ]
    chosen = accented_rows(rows, 14, 4)
    split = deal_speakers([row["speaker"] for row in rows], 14)
    assert len(chosen) == 14 * 4
    assert {split[row["speaker"]] for row in chosen} == {"test"}
    assert accented_rows(rows[::-1], 14, 6)[0]["speaker"] == chosen[0]["speaker"]


def test_recordings_are_joined_cut_and_silent(tmp_path: Path) -> None:
    own = gather(tmp_path, QUICK).own
    assert joined([own], 20.0).sound.duration == pytest.approx(20.0)
    assert opening(own, 2.0).sound.duration == pytest.approx(2.0)
    assert not silence(3.0).prosody.speech.any()


def test_the_puppet_shuts_its_lips_and_turns_its_head_as_performed() -> None:
    """Its vertices at the landmarks follow the performance: mouth, head and pupils."""
    from addon.core.channels import CHANNEL_INDEX, CHANNELS
    from backend.face.basis import load_basis

    channels, head, gaze = np.zeros((3, len(CHANNELS))), np.zeros((3, 6)), np.zeros((3, 2, 2))
    channels[1, CHANNEL_INDEX["jawOpen"]] = 1.0
    head[2, 1] = 0.3
    gaze[2, :, 1] = -0.3
    landmarks = np.repeat(load_basis().neutral[None], 3, axis=0)
    performance = Performance(30.0, landmarks, gaze, head, channels, np.zeros((3, 9)))
    poses = [Pose.of(performance, frame) for frame in range(3)]
    moved = np.stack([puppet().vertices(pose) for pose in poses])
    height = np.ptp(moved[:, :, 1], axis=1)
    assert np.abs(moved[1] - moved[0]).max() > 0.01
    assert height[2] == pytest.approx(height[0], rel=0.02)
    nose = np.argmax(moved[0, :, 2])
    assert moved[2, nose, 0] > moved[0, nose, 0] + 0.02  # +yaw turns to the character's left
    pictures = list(puppet().draw(poses[:2], 64, CLOSE_UP))
    assert pictures[0].shape == (64, 64, 3)
    assert np.abs(pictures[1].astype(int) - pictures[0]).max() > 40


class Reader:
    """Reads the emotion that a performance says it used, the surer the stronger it is: always right."""

    def read(self, performance: Performance) -> np.ndarray:
        intensity = float(performance.emotion[:, 8].mean())
        return intensity * performance.emotion[:, :8].mean(axis=0) + (1.0 - intensity) / 8.0


def test_a_judge_that_is_always_right_gets_a_full_diagonal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chapter, "installed_judge", Reader)
    material = gather(tmp_path, QUICK)
    section = chapter.judged(Studio(("rules",)), replace(material, emotional=(opening(material.own, 1.2),)))
    assert section.measured == {"judged_as_asked": {"rules": 1.0}, "intensity_monotonic": {"rules": 1.0}}
    matrix = section.items[0]
    assert isinstance(matrix, Table)
    counts = [[cell.value for cell in row[1:9] if isinstance(cell, Cell)] for row in matrix.rows]
    np.testing.assert_array_equal(counts, np.eye(8))


def test_without_a_judge_the_chapter_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "JUDGE_MODULE", "backend.evaluation.no_such_judge")
    section = chapter.judged(Studio(("rules",)), gather(tmp_path, QUICK))
    assert "No judge is installed" in section.text[0]
    assert not section.items


def test_text_is_escaped_and_unknown_numbers_are_dashes() -> None:
    table = Table("a < b", ("x", "y"), [["<i>", float("nan")], [Cell(0.5, good=True), 1234.5]])
    html = page("t & t", ["lead"], [Section("s", ["p < q"], [table])])
    assert "<i>" not in html
    assert "a &lt; b" in html
    assert "–" in html
    assert '<td class="good">0.500</td>' in html
    assert shown(1234.5) == "1234"
    assert shown(0.00012) == "1.2e-04"
    assert shown(True) == "yes"


def test_a_drawing_marks_its_bands_and_names_its_curves() -> None:
    at = np.linspace(0.0, 2.0, 50)
    drawn = curves([Curve("one & two", at, np.sin(at), "#000000")], [Band(0.5, 0.6, "P")], unit="IOD")
    assert drawn.count("<polyline") == 1
    assert ">P</text>" in drawn
    assert "one &amp; two" in drawn


def test_the_shipped_line_is_where_the_material_takes_it_from() -> None:
    assert SHIPPED_LINE.is_file()
