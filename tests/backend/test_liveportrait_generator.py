"""A portrait in, frames out: consent, curves, pose and gaze by formula, pasting back, cancelling."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from addon.core.errors import JobCancelled, RequestError
from backend.generator.interface import Generator, LatentTrack, Portrait
from backend.generator.liveportrait.drive import Drive, drive
from backend.generator.liveportrait.face_fit import CLICKED
from backend.generator.liveportrait.generator import LivePortrait
from backend.generator.liveportrait.reader import map_points
from backend.generator.liveportrait.source import PortraitState
from tests.backend.faces import face_points, performance_of, portrait_picture, portrait_points
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
    info = as_generator.info()
    assert (info.name, info.needs) == ("liveportrait", ("portrait", "weights"))
    assert "never downloaded" in info.note
    assert "MIT" in info.note
    assert info.weights_hash == generator.loaded.hash


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


def layout_of_203(points: np.ndarray, *, reverse: bool) -> np.ndarray:
    """203 points for landmarks (70,2): rings of the documented lengths, begun at either corner, then the others."""
    found = []
    for first, last, count in ((36, 42, 24), (42, 48, 24), (48, 60, 36), (60, 68, 24)):
        ring = points[first:last]
        where = np.arange(count) / count * len(ring)
        closed = np.concatenate([ring, ring[:1]])
        ring = np.stack([np.interp(where, np.arange(len(ring) + 1), closed[:, axis]) for axis in (0, 1)], axis=-1)
        found.append(np.roll(ring[::-1], 1 + count // 2, axis=0) if reverse else ring)
    cheeks = points.mean(axis=0) + 0.6 * (np.resize(points[:17], (203 - 108 - 38, 2)) - points.mean(axis=0))
    return np.concatenate([*found, points[:36], points[68:], cheeks])


@pytest.mark.parametrize("reverse", [False, True])
def test_points_of_the_reader_are_matched_to_ours_however_rings_run(reverse: bool) -> None:
    points = portrait_points()
    found = layout_of_203(points, reverse=reverse)
    rough = points + np.random.default_rng(0).normal(size=(70, 2)) * 1.5 + np.array([5.0, -4.0])
    mapped = map_points(found, rough)
    assert mapped.points == tuple(range(68))
    np.testing.assert_allclose(found[list(mapped.sources)], points[:68], atol=1e-6)


@pytest.fixture
def with_reader(folder: Path, write_onnx: Callable[[Path], None], tmp_path: Path) -> LivePortrait:
    """Weights with a landmark network that sees the face's red and puts 203 points about its middle."""
    write_tree(random_networks(), tmp_path / "read")
    write_onnx(tmp_path / "read" / "landmark.onnx")
    return LivePortrait(tmp_path / "read", TINY, "cpu")


@pytest.fixture
def write_onnx() -> Callable[[Path], None]:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    return _write_onnx


def _write_onnx(path: Path) -> None:
    """A graph with the input and outputs of the published one: fixed points, moved with where the picture is bright."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    upright = face_points((0.0, 0.0), 0.28, (0.05, 0.2, 0.0))
    shape = layout_of_203(upright - upright.mean(axis=0) + 0.5, reverse=False)
    steps = ((np.arange(224) + 0.5) / 224).astype(np.float32)
    constants = {
        "shape": shape.reshape(1, 203, 2).astype(np.float32),
        "across": steps.reshape(1, 1, 1, 224),
        "down": steps.reshape(1, 1, 224, 1),
        "half": np.array([0.5], dtype=np.float32),
    }
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["bright"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["bright", "bright"], ["weight"]),
        helper.make_node("ReduceSum", ["weight"], ["total"], keepdims=1),
        helper.make_node("Mul", ["weight", "across"], ["wx"]),
        helper.make_node("Mul", ["weight", "down"], ["wy"]),
        helper.make_node("ReduceSum", ["wx"], ["sx"], keepdims=1),
        helper.make_node("ReduceSum", ["wy"], ["sy"], keepdims=1),
        helper.make_node("Div", ["sx", "total"], ["x"]),
        helper.make_node("Div", ["sy", "total"], ["y"]),
        helper.make_node("Concat", ["x", "y"], ["middle4"], axis=3),
        helper.make_node("Squeeze", ["middle4"], ["middle"], axes=[1]),
        helper.make_node("Sub", ["middle", "half"], ["moved"]),
        helper.make_node("Add", ["shape", "moved"], ["points3"]),
        helper.make_node("Flatten", ["points3"], ["points"], axis=1),
        helper.make_node("Identity", ["x"], ["first"]),
        helper.make_node("Identity", ["y"], ["second"]),
    ]
    graph = helper.make_graph(
        nodes,
        "landmarks",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, 224, 224])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("first", "second", "points")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)
    onnx.save(model, str(path))


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
