"""The recipes on a GPU: from a small corpus to weights that a CPU reads; skipped where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import torch

from addon.core.emotion import EmotionTrack
from backend.cues import library
from backend.cues.engine import Script, perform_scripts
from backend.cues.library import load_cues, load_encoder
from backend.cues.performer import CueLine
from backend.device import DEVICE_SWITCH
from backend.rules.layers import Direction
from backend.speech.phones import Phone
from backend.training.corpus.manifest import Corpus, Material
from backend.training.corpus.quiet import quiet_batches
from backend.training.cues.learn import CueRecipe, train_cues, train_lips, train_told
from backend.training.judge.learn import JudgeRecipe, train_judge
from backend.training.solver import Schedule
from backend.training.speech.learn import SpeechRecipe, train_speech
from tests.backend.actors import demo_sound

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

FEW: Final[Schedule] = Schedule(steps=3, rate=1e-3)


@pytest.fixture(scope="module", autouse=True)
def _automatic() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.delenv(DEVICE_SWITCH, raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped line with the phones that the engine hears, in three splits, and noises in which nobody speaks."""
    folder = tmp_path_factory.mktemp("corpus")
    sound = demo_sound()
    (heard,) = perform_scripts([Script(CueLine(sound, EmotionTrack.constant("neutral"), Direction()))])
    phones = tuple(Phone(*span) for span in heard.meta["phones"])
    for number, split in enumerate(("train", "train", "validation", "test")):
        Corpus(folder).add(Material(f"clip{number}", "flite", split, split, "", "none", sound.samples, phones))
    for batch in quiet_batches(0, 2):
        for clip in batch.make(frozenset(batch.ids)):
            Corpus(folder).add(clip)
    return folder


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights of an encoder and a cue model that learned from the corpus for a few steps."""
    out = tmp_path_factory.mktemp("weights")
    _on_the_gpu(lambda: train_speech(SpeechRecipe(corpus, copies=1, batch=2, crop=60, schedule=FEW), out / "speech"))
    recipe = CueRecipe(corpus, performances=1, batch=2, crop=64, schedule=FEW, classifier=FEW)
    patch = pytest.MonkeyPatch()
    patch.setattr("backend.training.cues.learn.load_encoder", lambda: library.load_encoder(out))
    try:
        _on_the_gpu(lambda: train_cues(recipe, out / "cues"))
    finally:
        patch.undo()
    return out


def _on_the_gpu(work: Callable[[], object]) -> None:
    """Do the work, and see that the GPU had a part in it."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    work()
    assert torch.cuda.max_memory_allocated() > before + 2**20


def test_weights_of_a_gpu_are_read_on_a_cpu(trained: Path) -> None:
    for model in (load_encoder(trained), load_cues(trained)):
        assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
        assert all(bool(torch.isfinite(parameter).all()) for parameter in model.parameters())


@pytest.mark.parametrize("train", [train_lips, train_told], ids=["lips", "told"])
def test_parts_of_the_installed_model_are_taught_anew(
    corpus: Path,
    tmp_path: Path,
    train: Callable[[CueRecipe, Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.training.cues.last_layer.BATCHES", 2)
    recipe = CueRecipe(corpus, performances=1, batch=2, crop=64, schedule=FEW)
    _on_the_gpu(lambda: train(recipe, tmp_path / "cues"))
    assert load_cues(tmp_path).lips.leave.weight.device.type == "cpu"


def test_the_judge_is_trained(corpus: Path, tmp_path: Path) -> None:
    _on_the_gpu(
        lambda: train_judge(JudgeRecipe(corpus, clips=2, performances=2, batch=8, schedule=FEW), tmp_path / "judge")
    )
    assert (tmp_path / "judge.safetensors").is_file()
