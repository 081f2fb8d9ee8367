"""Train the speech encoder.

Cross-entropy on phones and visemes, in which closures count more; squared error on the articulation and the prosody
that the rules give the same line. Voices and speakers of the test split are never heard.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional as nnf

from addon.core.errors import RequestError
from backend.cues.encoder import ARTICULATION, ENCODED_PHONES, EncoderConfig, Heard, SpeechEncoder
from backend.cues.library import load_encoder
from backend.speech.visemes import BILABIAL, LABIODENTAL, VISEMES
from backend.training.augment import AugmentConfig
from backend.training.corpus.manifest import Clip, read_manifest
from backend.training.solver import Schedule, as_card, device, optimise, save_weights

from .data import Batch, batches, corpus_mean, shelf_of
from .hear import Example, Hearing, examples_of
from .score import EncoderScore, score_encoder
from .teachers import encoder_files

log = logging.getLogger(__name__)

CLOSURE_WEIGHT: Final[float] = 2.0
"""Of bilabial and labiodental classes in the cross-entropy with the labels: without it a third of the closures is heard
(reference prototype: PP recall .32 to .45 on a clean real reader)."""
CONTACT_WEIGHT: Final[float] = 3.0
"""Of frames in contact in the binary cross-entropy of the contacts."""
SMOOTHING: Final[float] = 0.03
"""Share of a label that goes to all other classes: labels of aligned speech are wrong on 15 % of frames."""
TAUGHT: Final[float] = 0.7
"""Weight of what teachers say, where there are any; the labels have the rest. Teachers know where a label is doubtful,
and what the sound is like besides."""
GAP_UNIT: Final[float] = 0.1
"""IOD by which gap and width errors are divided: about the deviation of the gap in speech."""


@dataclass(frozen=True)
class SpeechRecipe:
    """Everything that decides the weights: corpus, seed, sizes. `crop` in steps.

    `teachers` is a folder of encoders to learn from beside the labels, `start` weights to go on from, without suffix,
    and `kept` the share 0..1 of them that is kept in the end.
    """

    corpus: Path
    seed: int = 1
    copies: int = 3
    batch: int = 16
    crop: int = 160
    schedule: Schedule = field(default_factory=lambda: Schedule(steps=6000, rate=2e-3))
    model: EncoderConfig = field(default_factory=EncoderConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    teachers: Path | None = None
    start: Path | None = None
    kept: float = 0.0


def train_speech(recipe: SpeechRecipe, out: Path) -> None:
    """Train, measure on the voices that were not heard, write weights and card to `out` (without suffix).

    Raises RequestError, before any work, where there are no teachers, the start is of another size, or a share of no
    start is to be kept.
    """
    origins = _origins(recipe)
    clips = read_manifest(recipe.corpus)
    training = [clip for clip in clips if clip.split == "train"]
    hearing = Hearing(recipe.corpus, recipe.copies, recipe.augment, recipe.teachers)
    examples = examples_of(training, hearing, recipe.seed)
    encoder = learn(examples, recipe).cpu()
    scores = {name: score_encoder(encoder, recipe.corpus, chosen) for name, chosen in test_sets(clips).items()}
    for name, score in scores.items():
        log.info("%s: %s", name, score)
    hours: dict[str, float] = {}
    for clip in training:
        hours[clip.source] = hours.get(clip.source, 0.0) + clip.duration / 3600.0
    save_weights(out, encoder, _card(recipe, scores, hours, origins))


def test_sets(clips: Sequence[Clip]) -> dict[str, list[Clip]]:
    """The clips that are not trained on, by split and source."""
    sets: dict[str, list[Clip]] = {}
    for clip in clips:
        if clip.split != "train" and clip.source != "quiet":
            sets.setdefault(f"{clip.split} {clip.source}", []).append(clip)
    return sets


def learn(examples: Sequence[Example], recipe: SpeechRecipe) -> SpeechEncoder:
    """An encoder that has learned from crops of the examples, on the device it learned on."""
    torch.manual_seed(recipe.seed)
    where = device()
    encoder = _first(examples, recipe).to(where)
    drawn = torch.Generator(where).manual_seed(recipe.seed)
    source = batches(shelf_of(examples, where), encoder.mel_mean, recipe.batch, recipe.crop, drawn)
    phone_weight = _class_weights(ENCODED_PHONES, BILABIAL | LABIODENTAL).to(where)
    viseme_weight = _class_weights(VISEMES, frozenset({"PP", "FF"})).to(where)
    first = {name: value.clone() for name, value in encoder.state_dict().items()}
    optimise(encoder, lambda: losses(encoder, next(source), phone_weight, viseme_weight), recipe.schedule)
    encoder.load_state_dict(mean_weights(first, encoder.state_dict(), recipe.kept))
    return encoder


def mean_weights(first: Mapping[str, Tensor], learned: Mapping[str, Tensor], kept: float) -> dict[str, Tensor]:
    """The weights `learned` with the share `kept`, 0..1, of those that they went on from.

    What went on from one start lies in one basin, where the mean of two hears strangers as well as the better of them
    (model soups; Wortsman et al. 2022, arXiv 2203.05482); what learned to read the features before reads the mean's.
    """
    return {name: torch.lerp(value, first[name], kept) for name, value in learned.items()}


def _first(examples: Sequence[Example], recipe: SpeechRecipe) -> SpeechEncoder:
    """The encoder before it learns: new, or as it goes on."""
    if recipe.start is not None:
        return _started(recipe.start, recipe.model)
    encoder = SpeechEncoder(recipe.model)
    encoder.mel_mean.copy_(torch.from_numpy(corpus_mean(examples)))
    return encoder


def _started(start: Path, model: EncoderConfig) -> SpeechEncoder:
    """The encoder that goes on from weights. Raises RequestError where they are of another size."""
    before = load_encoder(start.parent, start.name)
    sizes = [(config.width, config.kernel, config.dilations) for config in (before.config, model)]
    if sizes[0] != sizes[1]:
        raise RequestError(
            "train.start",
            f"The weights {start.name!r} are of another size; give the --width and --dilations that their card has.",
        )
    encoder = SpeechEncoder(model)
    encoder.load_state_dict(before.state_dict())
    return encoder


def losses(encoder: SpeechEncoder, batch: Batch, phone_weight: Tensor, viseme_weight: Tensor) -> Mapping[str, Tensor]:
    """The losses of one batch, by name."""
    features, _ = encoder(batch.inputs, encoder.stack.start(len(batch.inputs)))
    heard = encoder.read(features)
    labelled = _labelled(heard, batch, phone_weight, viseme_weight)
    prosody = {"prosody": nnf.smooth_l1_loss(heard.prosody, batch.prosody)}
    if not batch.taught:
        return {**labelled, **prosody}
    told = {f"taught {name}": TAUGHT * loss for name, loss in _taught(heard, batch.taught).items()}
    return {**{name: (1.0 - TAUGHT) * loss for name, loss in labelled.items()}, **told, **prosody}


def _labelled(heard: Heard, batch: Batch, phone_weight: Tensor, viseme_weight: Tensor) -> dict[str, Tensor]:
    """What the labels have to say of what was heard."""
    lips, contacts = _lips_and_contacts(batch.articulation)
    heard_lips, heard_contacts = _lips_and_contacts(heard.articulation)
    weight = 1.0 + (CONTACT_WEIGHT - 1.0) * contacts
    return {
        "phones": nnf.cross_entropy(
            heard.phones.transpose(1, 2), batch.phones, weight=phone_weight, label_smoothing=SMOOTHING
        ),
        "visemes": nnf.cross_entropy(
            heard.visemes.transpose(1, 2), batch.visemes, weight=viseme_weight, label_smoothing=SMOOTHING
        ),
        "lips": (((heard_lips - lips) / GAP_UNIT) ** 2).mean(),
        "contacts": 2.0 * nnf.binary_cross_entropy_with_logits(heard_contacts, contacts, weight=weight),
    }


def _taught(heard: Heard, taught: tuple[Tensor, ...]) -> dict[str, Tensor]:
    """What the teachers have to say of it; they have learned to weigh closures, which is not done again."""
    phones, visemes, articulation = taught
    lips, contacts = _lips_and_contacts(articulation)
    heard_lips, heard_contacts = _lips_and_contacts(heard.articulation)
    return {
        "phones": nnf.cross_entropy(heard.phones.transpose(1, 2), phones.transpose(1, 2)),
        "visemes": nnf.cross_entropy(heard.visemes.transpose(1, 2), visemes.transpose(1, 2)),
        "lips": (((heard_lips - lips) / GAP_UNIT) ** 2).mean(),
        "contacts": 2.0 * nnf.binary_cross_entropy_with_logits(heard_contacts, contacts),
    }


def _lips_and_contacts(articulation: Tensor) -> tuple[Tensor, Tensor]:
    lips = len(ARTICULATION) - 2
    return articulation[..., :lips], articulation[..., lips:]


def _class_weights(names: Sequence[str], closures: frozenset[str]) -> Tensor:
    return torch.tensor([CLOSURE_WEIGHT if name in closures else 1.0 for name in names])


def _card(
    recipe: SpeechRecipe,
    scores: Mapping[str, EncoderScore],
    hours: Mapping[str, float],
    origins: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "what": "Speech encoder: log-mel to features, phones, visemes, articulation and prosody at 50 steps a second; "
        "causal with a look-ahead of 52.5 ms",
        "method": "residual TCN; cross-entropy on phones and visemes, squared error on the articulation of the rules"
        + ("; the same against what teachers say (knowledge distillation)" if recipe.teachers else ""),
        "licence": "GPL-3.0-or-later",
        "data": {source: f"{count:.2f} h" for source, count in hours.items()},
        "data_licence": "flite, English and Russian festival voices: BSD-like (CMU, CSTR, N. V. Shmyrev); Czech ones: "
        "GPL-3.0-or-later and, ph, GPL-2.0-or-later (Brailcom); Finnish ones: LGPL-2+ (Suopuhe); Italian ones: "
        "GPL-2.0-or-later (CNR, IRST); RHVoice bdl and clb: LGPL-2.1-or-later; SVOX Pico: Apache-2.0; Asterisk "
        "prompts: Allison Smith, CC-BY-SA-3.0; speechocean762: free for commercial and non-commercial use; "
        "philippmatthes_own_voice: Apache-2.0; noises are made by the recipe",
        "command": _command(recipe),
        "learned_from": dict(origins),
        "seed": recipe.seed,
        "config": as_card(recipe),
        "metrics": {name: score.rounded() for name, score in scores.items()},
    }


def _command(recipe: SpeechRecipe) -> str:
    model = recipe.model
    dilations = " ".join(map(str, model.dilations))
    return (
        f"python -m backend train speech --corpus CORPUS --steps {recipe.schedule.steps} --copies {recipe.copies} "
        f"--batch {recipe.batch} --rate {recipe.schedule.rate} --seed {recipe.seed} --width {model.width} "
        f"--dilations {dilations} --dropout {model.dropout}"
    ) + "".join(
        f" --{name} {said}"
        for name, said, given in (
            ("start", "START", recipe.start),
            ("keep", recipe.kept, recipe.kept),
            ("teachers", "TEACHERS", recipe.teachers),
        )
        if given
    )


def _origins(recipe: SpeechRecipe) -> dict[str, dict[str, Any]]:
    """Size, hash and command of the weights that were learned from, by name: the start and the teachers; and the hashes
    of those that they learned from themselves.
    """
    if not 0.0 <= recipe.kept <= 1.0 or (recipe.kept and recipe.start is None):
        raise RequestError(
            "train.keep", "--keep is the share of --start that is kept: give both, and a share of 0 to 1."
        )
    files = {file.stem: file for file in encoder_files(recipe.teachers)} if recipe.teachers else {}
    if recipe.start is not None:
        _started(recipe.start, recipe.model)
        files["start"] = recipe.start.with_suffix(".json")
    cards = {name: json.loads(file.with_suffix(".json").read_text(encoding="utf-8")) for name, file in files.items()}
    return {name: _origin(card) for name, card in cards.items()}


def _origin(card: Mapping[str, Any]) -> dict[str, Any]:
    before = {name: origin["sha256"] for name, origin in card.get("learned_from", {}).items()}
    origin = {"model": card["config"]["model"], "sha256": card["sha256"], "command": card["command"]}
    return {**origin, "learned_from": before} if before else origin
