"""The command line: files in, performances out, one line for what cannot be done."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from addon.core.emotion import EMOTIONS
from addon.core.performance import ARRAY_NAMES, Performance
from addon.core.version import SOFTWARE
from tests.wire.backends import PYTHON, ROOT, noise


def soliloquy(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), "-m", "backend", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("lines")
    paths = [folder / f"line_{n}.wav" for n in range(2)]
    for number, path in enumerate(paths):
        path.write_bytes(noise(0.5, number))
    return paths


def test_one_file_becomes_one_performance(lines: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "made" / "line.npz"
    done = soliloquy("perform", lines[0], "--emotion", "happy", "--intensity", 0.5, "--fps", 24, "--out", out)
    assert (done.returncode, done.stdout) == (0, f"{out}\n"), done.stderr
    performance = Performance.load(out)
    assert performance.fps == 24
    assert performance.emotion[:, EMOTIONS.index("happy")].mean() > 0.9
    assert performance.emotion[:, -1].mean() == pytest.approx(0.5, abs=0.05)


def test_the_seed_decides_the_bytes(lines: list[Path], tmp_path: Path) -> None:
    made = []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert soliloquy("perform", lines[0], "--seed", seed, "--out", tmp_path / f"{name}.npz").returncode == 0
        made.append(Performance.load(tmp_path / f"{name}.npz"))
    assert all(getattr(made[0], name).tobytes() == getattr(made[1], name).tobytes() for name in ARRAY_NAMES)
    assert made[0].gaze.tobytes() != made[2].gaze.tobytes()


def test_a_batch_goes_on_after_a_file_that_fails(lines: list[Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    done = soliloquy("perform", lines[0], broken, tmp_path / "missing.wav", lines[1], "--out", tmp_path / "out")
    assert done.returncode == 2
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["line_0.npz", "line_1.npz"]
    complaints = [line for line in done.stderr.splitlines() if "warning" not in line]
    assert len(complaints) == 2, done.stderr
    assert "broken.wav" in complaints[0]
    assert "missing.wav" in complaints[1]


def test_an_emotion_track_is_read_from_json(lines: list[Path], tmp_path: Path) -> None:
    keys = [
        {"time": 0.0, "weights": {"happy": 1.0}, "intensity": 1.0},
        {"time": 0.5, "weights": {"sad": 1.0}, "intensity": 0.2},
    ]
    track = tmp_path / "track.json"
    track.write_text(json.dumps({"keys": keys}))
    assert soliloquy("perform", lines[0], "--emotion", track, "--out", tmp_path / "a.npz").returncode == 0
    emotion = Performance.load(tmp_path / "a.npz").emotion
    assert emotion[0].argmax() == EMOTIONS.index("happy")
    assert emotion[-1, EMOTIONS.index("sad")] > emotion[-1, EMOTIONS.index("happy")]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--emotion", "hungry"],
        ["--emotion", "missing.json"],
        ["--engine", "nonsense"],
        ["--fps", "0"],
        ["--fps", "nan"],
        ["--seed", "-1"],
        ["--intensity", "7"],
    ],
)
def test_a_wrong_option_is_one_sentence_and_code_2(wrong: list[str], lines: list[Path], tmp_path: Path) -> None:
    done = soliloquy("perform", lines[0], *wrong, "--out", tmp_path / "a.npz")
    assert done.returncode == 2
    assert re.fullmatch(r"soliloquy: .+[.)]\n", done.stderr), done.stderr
    assert not (tmp_path / "a.npz").exists()


def test_files_that_would_share_a_result_are_refused_before_any_work(lines: list[Path], tmp_path: Path) -> None:
    twin = tmp_path / "line_0.wav"
    twin.write_bytes(noise(0.5))
    done = soliloquy("perform", lines[0], twin, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "same name" in done.stderr
    assert soliloquy("perform", lines[0], lines[0], "--out", tmp_path / "out").returncode == 2
    assert soliloquy("perform", *lines, "--out", tmp_path / "one.npz").returncode == 2
    assert soliloquy("perform", *lines, "--text", "hello", "--out", tmp_path / "out").returncode == 2


@pytest.mark.parametrize(("one", "other"), [("Line", "LINE"), ("straße", "STRASSE"), ("caf\u00e9", "Cafe\u0301")])
def test_names_that_some_systems_do_not_tell_apart_are_refused_on_all(one: str, other: str, tmp_path: Path) -> None:
    done = soliloquy("perform", tmp_path / f"{one}.wav", tmp_path / f"{other}.flac", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "same name" in done.stderr
    assert f"{other}.flac" in done.stderr
    assert not (tmp_path / "out").exists()


def test_the_doctor_finds_everything_well(tmp_path: Path) -> None:
    done = soliloquy("doctor", "--runtime-dir", tmp_path)
    assert done.returncode == 0, done.stdout
    assert all(line.startswith("ok ") for line in done.stdout.splitlines())
    for name in ("torch", "CURVE", "decodes mp3", "weights face_basis"):
        assert name in done.stdout


def test_a_server_that_cannot_serve_says_why(tmp_path: Path) -> None:
    done = soliloquy("serve", "--runtime-dir", tmp_path, "--host", "203.0.113.7")
    assert done.returncode == 2
    assert "Cannot listen" in done.stderr.splitlines()[-1]
    assert soliloquy("serve", "--runtime-dir", tmp_path, "--port", "70000").returncode == 2


@pytest.mark.parametrize("host", ["0.0.0.0", "*", "0"])
def test_a_host_that_nobody_can_call_is_refused(host: str, tmp_path: Path) -> None:
    done = soliloquy("serve", "--runtime-dir", tmp_path, "--host", host)
    assert done.returncode == 2, done.stderr
    assert "--host" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_help_answers_without_loading_what_is_heavy() -> None:
    program = (
        "import sys; from backend.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'av', 'librosa', 'soundfile', 'pocketsphinx', 'zmq'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([str(PYTHON), "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(command in done.stdout for command in ("serve", "perform", "evaluate", "doctor"))


def test_both_programs_and_the_package_name_the_same_version() -> None:
    assert f'\nversion = "{SOFTWARE}"\n' in (ROOT / "pyproject.toml").read_text()
