"""The networks are the published ones by name and shape; folders of weights are read whole or refused with a reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from addon.core.errors import RequestError
from backend.generator.liveportrait.config import FULL
from backend.generator.liveportrait.loader import load_portrait
from backend.generator.liveportrait.networks import PortraitNetworks
from tests.backend.portraits import TINY, random_networks, write_flat, write_tree

LISTED = Path(__file__).with_name("liveportrait_tensors.json")
MANIFEST = Path(__file__).resolve().parents[3] / "shared" / "reference" / "liveportrait_key_manifest.json"


@pytest.fixture(scope="module")
def networks() -> PortraitNetworks:
    return random_networks()


@pytest.fixture(scope="module")
def tree(networks: PortraitNetworks, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(networks, tmp_path_factory.mktemp("weights") / "liveportrait")


@pytest.fixture
def copy(tree: Path, tmp_path: Path) -> Path:
    """A folder that a test may spoil."""
    return Path(shutil.copytree(tree, tmp_path / "copy"))


def full_size() -> dict[str, dict[str, list[int]]]:
    """Names and shapes of the published size; nothing is allocated."""
    with torch.device("meta"):
        networks = PortraitNetworks(FULL)
    return {
        part: {name: list(value.shape) for name, value in network.state_dict().items()}
        for part, network in networks.parts().items()
    }


def frames_of(networks: PortraitNetworks) -> torch.Tensor:
    """Two frames of fixed pictures and movements."""
    torch.manual_seed(1)
    picture, shift = torch.rand(2, 3, 64, 64), 0.05 * torch.randn(2, 21, 3)
    with torch.no_grad():
        motion = networks.motion_extractor(picture)
        volume = networks.appearance_feature_extractor(picture)
        driven = networks.retargeting.stitch(motion.keypoints(), motion.keypoints() + shift)
        return networks.spade_generator(networks.warping_module(volume, motion.keypoints(), driven))


def test_every_tensor_of_the_full_size_has_its_published_name_and_shape() -> None:
    ours = full_size()
    assert sum(map(len, ours.values())) == 626
    assert ours == json.loads(LISTED.read_text(encoding="utf-8"))


@pytest.mark.skipif(not MANIFEST.is_file(), reason="needs ../shared/reference beside the project")
def test_our_list_equals_the_manifest_of_the_published_files() -> None:
    assert full_size() == json.loads(MANIFEST.read_text(encoding="utf-8"))


def test_parameter_counts_are_the_published_ones() -> None:
    """0.84, 28.12, 45.53, 55.37 and 0.23 million (the speed table of KwaiVGI/LivePortrait)."""
    with torch.device("meta"):
        parts = PortraitNetworks(FULL).parts()
    counts = [sum(tensor.numel() for tensor in part.parameters()) for part in parts.values()]
    assert counts == [836_224, 28_118_728, 45_529_829, 55_365_388, 45_249, 37_311, 144_703]


def test_both_layouts_load_and_folding_changes_nothing(networks: PortraitNetworks, tree: Path, tmp_path: Path) -> None:
    expected = frames_of(networks)
    assert expected.std() > 0.02
    flat = write_flat(networks, tmp_path / "flat")
    for folder in (tree, tree.parent, flat):
        for fold in (True, False):
            loaded = load_portrait(folder, config=TINY, fold=fold)
            assert loaded.stitched
            assert ("weight_orig" in str(loaded.networks.state_dict().keys())) is not fold
            torch.testing.assert_close(frames_of(loaded.networks), expected, atol=1e-4, rtol=0)


def test_half_precision_files_give_almost_the_same_frames(networks: PortraitNetworks, tmp_path: Path) -> None:
    expected = frames_of(networks)
    for write in (write_tree, write_flat):
        loaded = load_portrait(write(networks, tmp_path / write.__name__, dtype=torch.float16), config=TINY)
        assert all(p.dtype == torch.float32 for p in loaded.networks.parameters())
        assert (frames_of(loaded.networks) - expected).abs().mean() < 0.01


def test_frames_computed_in_half_precision_are_almost_the_same(networks: PortraitNetworks, tree: Path) -> None:
    """As a GPU computes them (`forward.fast`): single weights under autocast."""
    loaded = load_portrait(tree, config=TINY)
    with torch.autocast("cpu", torch.float16):
        frames = frames_of(loaded.networks)
    assert frames.dtype == torch.float16
    assert (frames - frames_of(networks)).abs().mean() < 0.002


def test_the_hash_is_of_the_contents_and_not_of_the_names(networks: PortraitNetworks, tree: Path, copy: Path) -> None:
    first = load_portrait(tree, config=TINY).hash
    assert load_portrait(copy, config=TINY).hash == first
    write_flat(random_networks(seed=5), copy / "other")
    assert load_portrait(copy / "other", config=TINY).hash != first


def test_without_the_small_file_nothing_is_stitched(networks: PortraitNetworks, copy: Path) -> None:
    shutil.rmtree(copy / "retargeting_models")
    loaded = load_portrait(copy, config=TINY)
    assert not loaded.stitched
    assert loaded.files.small is None


def test_a_folder_of_animals_loads_its_later_version(tree: Path, tmp_path: Path) -> None:
    animals = tmp_path / "liveportrait_animals"
    shutil.copytree(tree, animals)
    (animals / "xpose.pth").write_bytes(b"not ours")
    write_tree(random_networks(seed=3), tmp_path / "later")
    shutil.copytree(tmp_path / "later" / "base_models", animals / "base_models_v1.1")
    loaded = load_portrait(animals, config=TINY)
    assert loaded.files.large["warping_module"].parent.name == "base_models_v1.1"


def test_the_reader_of_faces_is_found_where_it_lies(tree: Path, copy: Path) -> None:
    assert load_portrait(copy, config=TINY).files.landmarks is None
    (copy / "landmark.onnx").write_bytes(b"onnx")
    assert load_portrait(copy, config=TINY).files.landmarks == copy / "landmark.onnx"


def truncate(copy: Path) -> None:
    path = copy / "base_models" / "warping_module.pth"
    path.write_bytes(path.read_bytes()[:-2000])


def swap(copy: Path) -> None:
    base = copy / "base_models"
    shutil.copy(base / "spade_generator.pth", base / "warping_module.pth")


def rename(copy: Path) -> None:
    path = copy / "base_models" / "spade_generator.pth"
    tensors = torch.load(path, weights_only=True)
    tensors["fc.kernel"] = tensors.pop("fc.weight")
    torch.save(tensors, path)


def other_keypoints(copy: Path) -> None:
    path = copy / "base_models" / "motion_extractor.pth"
    tensors = torch.load(path, weights_only=True)
    tensors["detector.fc_kp.weight"] = tensors["detector.fc_kp.weight"][:45]
    torch.save(tensors, path)


def code(copy: Path) -> None:
    torch.save({"weight": Path("run me")}, copy / "base_models" / "spade_generator.pth")


def legacy_code(copy: Path) -> None:
    path = copy / "base_models" / "spade_generator.pth"
    torch.save({"weight": np.float64}, path, _use_new_zipfile_serialization=False)


def not_a_number(copy: Path) -> None:
    path = copy / "base_models" / "appearance_feature_extractor.pth"
    tensors = torch.load(path, weights_only=True)
    tensors["second.bias"][0] = float("nan")
    torch.save(tensors, path)


def text(copy: Path) -> None:
    (copy / "base_models" / "motion_extractor.pth").write_text("version https://git-lfs.github.com/spec/v1\n")


def nothing(copy: Path) -> None:
    torch.save({"epoch": 3}, copy / "base_models" / "motion_extractor.pth")


def gone(copy: Path) -> None:
    (copy / "base_models" / "motion_extractor.pth").unlink()


def no_lips(copy: Path) -> None:
    path = copy / "retargeting_models" / "stitching_retargeting_module.pth"
    tensors = torch.load(path, weights_only=True)
    del tensors["retarget_mouth"]
    torch.save(tensors, path)


@pytest.mark.parametrize(
    ("spoil", "sentence", "where"),
    [
        (truncate, "truncated or is no checkpoint", "warping_module.pth"),
        (swap, "holds the weights of spade_generator, not those of warping_module", "warping_module.pth"),
        (rename, "lacks 1 tensors of spade_generator, fc.weight", "spade_generator.pth"),
        (other_keypoints, r"has shape \[45, 32\], expected \[63, 32\]", "motion_extractor.pth"),
        (code, "program code", "spade_generator.pth"),
        (legacy_code, "program code", "spade_generator.pth"),
        (not_a_number, "second.bias holds values that are not numbers", "appearance_feature_extractor.pth"),
        (text, "truncated or is no checkpoint", "motion_extractor.pth"),
        (nothing, "holds no tensors", "motion_extractor.pth"),
        (gone, "lacks motion_extractor", "copy"),
        (no_lips, "no weights of the lip network", "stitching_retargeting_module.pth"),
    ],
)
def test_a_spoilt_file_is_refused_with_a_sentence(
    copy: Path, spoil: Callable[[Path], None], sentence: str, where: str
) -> None:
    spoil(copy)
    with pytest.raises(RequestError, match=sentence) as caught:
        load_portrait(copy, config=TINY)
    assert where in caught.value.where


def test_a_truncated_flat_file_is_refused(networks: PortraitNetworks, tmp_path: Path) -> None:
    flat = write_flat(networks, tmp_path / "flat")
    path = flat / "spade_generator.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(RequestError, match="truncated"):
        load_portrait(flat, config=TINY)


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="holds no LivePortrait weights"):
        load_portrait(tmp_path, config=TINY)
    with pytest.raises(RequestError, match="no such folder"):
        load_portrait(tmp_path / "nowhere", config=TINY)
