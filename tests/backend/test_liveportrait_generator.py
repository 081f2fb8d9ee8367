"""A portrait in, frames out: consent, curves, pose and gaze by formula, pasting back, cancelling."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from addon.core.errors import JobCancelled, RequestError
from backend.cli import main
from backend.generator.interface import Generator, LatentTrack, Portrait
from backend.generator.liveportrait.certify import certify
from backend.generator.liveportrait.drive import Drive, drive
from backend.generator.liveportrait.face_fit import CLICKED
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.liveportrait.reader import map_points
from backend.generator.liveportrait.source import PortraitState
from backend.generator.registry import generators, open_generator
from tests.backend.faces import performance_of, portrait_picture, portrait_points
from tests.backend.landmark_network import layout_of_203, write_landmark_network
from tests.backend.portraits import TINY, random_networks, write_tree

CLICKS = portrait_points()[list(CLICKED.values())]
PORTRAIT = Portrait(portrait_picture(), CLICKS, consent=True)


def no_report(stage: str, share: float) -> None:
    """Somebody who does not mind."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(random_networks(), tmp_path_factory.mktemp("weights") / "liveportrait")


@pytest.fixture(scope="module")
def generator(folder: Path) -> LivePortrait:
    return LivePortrait(folder, TINY, "cpu")


@pytest.fixture(scope="module")
def state(generator: LivePortrait) -> PortraitState:
    return generator.prepare(PORTRAIT, no_report)


def still(frames: int = 1) -> Drive:
    return Drive(torch.zeros(frames, 21, 3), torch.zeros(frames, 4), torch.zeros(frames, 6))


def test_it_is_a_generator_and_says_what_it_needs(generator: LivePortrait) -> None:
    as_generator: Generator[PortraitState] = generator
    info = next(info for info in generators() if info.name == "liveportrait")
    assert isinstance(as_generator, LivePortrait)
    assert info.needs == ("portrait", "weights")
    assert "never downloaded" in info.note
    assert "MIT" in info.note


def test_nothing_is_made_without_consent(generator: LivePortrait) -> None:
    with pytest.raises(RequestError, match="has agreed") as caught:
        generator.prepare(replace(PORTRAIT, consent=False), no_report)
    assert caught.value.code == "portrait.consent"


@pytest.mark.parametrize(
    ("portrait", "sentence"),
    [
        (replace(PORTRAIT, points=None), "Click these points"),
        (replace(PORTRAIT, points=CLICKS[:3]), "Click these points"),
        (replace(PORTRAIT, points=CLICKS * 0.1), "too small"),
        (replace(PORTRAIT, picture=portrait_picture()[..., 0]), "RGB picture"),
        (replace(PORTRAIT, picture=portrait_picture()[:30, :30]), "at least 64 pixels"),
    ],
)
def test_a_portrait_that_is_none_is_refused(generator: LivePortrait, portrait: Portrait, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        generator.prepare(portrait, no_report)


def test_large_pictures_come_out_smaller_with_even_sides(generator: LivePortrait) -> None:
    large = np.kron(portrait_picture()[:419], np.ones((4, 4, 1), dtype=np.uint8))
    state = generator.prepare(Portrait(large, CLICKS * 4, consent=True), no_report)
    assert state.paste.picture.shape == (1116, 1280, 3)
    assert state.unit == pytest.approx(generator.prepare(PORTRAIT, no_report).unit, rel=0.01)


def test_at_rest_the_portrait_keeps_its_keypoints(state: PortraitState) -> None:
    torch.testing.assert_close(drive(state, still()).keypoints(), state.keypoints, atol=1e-6, rtol=0)


def test_the_point_between_the_eyes_goes_where_the_performance_says(state: PortraitState) -> None:
    """Whatever the head turns by, and larger when it comes nearer."""
    pose = torch.tensor([[0.2, -0.3, 0.1, 0.5, 0.25, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0, 2.0]])
    wanted = Drive(torch.zeros(2, 21, 3), torch.zeros(2, 4), pose)
    upright = replace(state, motion=replace(state.motion, rotation=torch.eye(3)[None]))
    moved = drive(upright, wanted)

    def eyes(motion: object, number: int) -> torch.Tensor:
        middle = moved.canonical[number, [11, 15]].mean(dim=0)
        return moved.scale[number] * (middle @ moved.rotation[number]) + moved.shift[number]

    own = upright.motion.scale[0] * upright.motion.canonical[0, [11, 15]].mean(dim=0) + upright.motion.shift[0]
    away = (eyes(moved, 0) - own)[:2]
    torch.testing.assert_close(away, state.unit * torch.tensor([0.5, -0.25]), atol=1e-5, rtol=0)
    assert float(moved.scale[1] / upright.motion.scale) == pytest.approx(10 / 8)
    assert moved.shift[:, 2].abs().max() == 0


def test_latents_are_curves_that_can_be_changed_kept_and_rendered(
    generator: LivePortrait, state: PortraitState, tmp_path: Path
) -> None:
    performance = performance_of(4)
    track = generator.latents(performance, state)
    assert {name: curve.shape for name, curve in track.curves.items()} == {
        "lips": (4, 18), "expression": (4, 45), "gaze": (4, 4), "pose": (4, 6),
    }  # fmt: skip
    np.testing.assert_array_equal(track.curves["pose"], performance.head)
    assert "train mapper" in track.meta["warnings"][0]
    again = LatentTrack.load(track.save(tmp_path / "line.npz"))
    frames = list(generator.render(state, again, "final", no_report))
    assert [frame.number for frame in frames] == [0, 1, 2, 3]
    assert all(frame.rgb.shape == (420, 480, 3) and frame.rgb.dtype == np.uint8 for frame in frames)
    assert all((frame.alpha == 255).all() for frame in frames)
    assert np.abs(frames[0].rgb.astype(int) - frames[3].rgb).max() > 8
    held = again.with_curve("pose", np.zeros((4, 6))).with_curve("gaze", np.zeros((4, 4)))
    held = held.with_curve("lips", np.zeros((4, 18))).with_curve("expression", np.zeros((4, 45)))
    first, *others = generator.render(state, held, "final", no_report)
    for other in others:
        np.testing.assert_array_equal(other.rgb, first.rgb)


def test_a_draft_is_drawn_on_twos(generator: LivePortrait, state: PortraitState) -> None:
    track = generator.latents(performance_of(5), state)
    final = list(generator.render(state, track, "final", no_report))
    draft = list(generator.render(state, track, "draft", no_report))
    for number, frame in enumerate(draft):
        assert frame.number == number
        np.testing.assert_array_equal(frame.rgb, final[number // 2 * 2].rgb)


def test_rendering_stops_between_two_frames_when_it_is_cancelled(generator: LivePortrait, state: PortraitState) -> None:
    def stop(stage: str, share: float) -> None:
        if share >= 0.5:
            raise JobCancelled

    frames = generator.render(state, generator.latents(performance_of(6), state), "final", stop)
    assert [next(frames).number for _ in range(3)] == [0, 1, 2]
    with pytest.raises(JobCancelled):
        next(frames)


def test_latents_of_others_and_unknown_qualities_are_refused(generator: LivePortrait, state: PortraitState) -> None:
    track = generator.latents(performance_of(2), state)
    with pytest.raises(RequestError, match="not of this generator"):
        next(iter(generator.render(state, replace(track, generator="raster"), "final", no_report)))
    cut = replace(track, curves={"lips": track.curves["lips"]})
    with pytest.raises(RequestError, match="not of this generator"):
        next(iter(generator.render(state, cut, "final", no_report)))
    with pytest.raises(RequestError, match="draft, final"):
        next(iter(generator.render(state, track, "best", no_report)))
    with pytest.raises(RequestError, match="train mapper"):
        generator.adapt(state, Path(), 1.0, no_report)


def test_weights_without_the_small_networks_still_turn_the_head(folder: Path, tmp_path: Path) -> None:
    write_tree(random_networks(), tmp_path / "bare")
    (tmp_path / "bare" / "retargeting_models" / "stitching_retargeting_module.pth").unlink()
    generator = LivePortrait(tmp_path / "bare", TINY, "cpu")
    state = generator.prepare(PORTRAIT, no_report)
    track = generator.latents(performance_of(2), state)
    assert not track.curves["lips"].any()
    assert "only head and eyes" in track.meta["warnings"][0]
    first, last = (frame.rgb.astype(int) for frame in generator.render(state, track, "final", no_report))
    assert np.abs(first - last).max() > 0


@pytest.mark.parametrize("reverse", [False, True])
def test_points_of_the_reader_are_matched_to_ours_however_rings_run(reverse: bool) -> None:
    points = portrait_points()
    found = layout_of_203(points, reverse=reverse)
    rough = points + np.random.default_rng(0).normal(size=(70, 2)) * 1.5 + np.array([5.0, -4.0])
    mapped = map_points(found, rough)
    assert mapped.points == tuple(range(68))
    np.testing.assert_allclose(found[list(mapped.sources)], points[:68], atol=1e-6)


@pytest.fixture
def with_reader(tmp_path: Path) -> LivePortrait:
    """Weights with a landmark network beside them."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    write_tree(random_networks(), tmp_path / "read")
    write_landmark_network(tmp_path / "read" / "landmark.onnx")
    return LivePortrait(tmp_path / "read", TINY, "cpu")


def test_a_landmark_network_reads_the_portrait_and_its_frames(with_reader: LivePortrait) -> None:
    picture = np.full((420, 480, 3), 20, dtype=np.uint8)
    picture[150:330, 130:310] = portrait_picture()[150:330, 130:310]
    for points in (CLICKS, None):
        state = with_reader.prepare(Portrait(picture, points, consent=True), no_report)
        assert state.reader is not None
        assert state.reader.points == tuple(range(68))
        frame = torch.nn.functional.interpolate(state.face, size=(128, 128))
        dark = torch.cat([frame, frame], dim=0)
        dark[1, :, :, :64] *= 0.3
        read = state.reader.read(dark)
        assert read.shape == (2, 68, 2)
        assert float((read[1] - read[0])[:, 0].mean()) > 0.02


def test_a_broken_landmark_network_is_refused(folder: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("onnxruntime") is None:
        pytest.skip("needs onnxruntime")
    write_tree(random_networks(), tmp_path / "broken")
    (tmp_path / "broken" / "landmark.onnx").write_bytes(b"nothing")
    generator = LivePortrait(tmp_path / "broken", TINY, "cpu")
    with pytest.raises(RequestError, match="landmark network cannot be read"):
        generator.prepare(PORTRAIT, no_report)


def test_a_certificate_tells_hashes_costs_and_whether_the_portrait_was_recognised(generator: LivePortrait) -> None:
    """Random networks do not know a face from noise, so theirs fails, as files that do not belong together would."""
    certificate = certify(generator.loaded, PORTRAIT, repeats=1)
    assert certificate.hashes.keys() == {path.name for path in generator.loaded.files.all()}
    assert all(len(digest) == 64 for digest in certificate.hashes.values())
    assert certificate.psnr is not None
    assert certificate.psnr < 20.0
    assert not certificate.passed
    assert set(certificate.costs) == {"appearance", "motion", "stitching", "warping", "decoder"}
    assert all(cost.wall > 0 for cost in certificate.costs.values())
    assert certificate.frame == pytest.approx(
        sum(certificate.costs[name].wall for name in ("stitching", "warping", "decoder"))
    )
    assert certify(generator.loaded, None, repeats=1).passed


def test_the_doctor_says_what_is_wrong_with_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--liveportrait", str(tmp_path)]) == 2
    assert "holds no LivePortrait weights" in capsys.readouterr().out


def test_it_is_opened_by_name_with_a_folder(folder: Path) -> None:
    assert "liveportrait" in [info.name for info in generators()]
    with pytest.raises(RequestError, match="Choose the folder"):
        open_generator("liveportrait")
    with pytest.raises(RequestError, match="lacks 56 tensors of appearance_feature_extractor"):
        open_generator("liveportrait", str(folder))
