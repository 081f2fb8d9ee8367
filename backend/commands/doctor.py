"""`doctor`: looks at everything the backend needs and says what is wrong with it, one line each."""

from __future__ import annotations

import argparse
import hashlib
import importlib
import io
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

from addon.core.errors import BackendError, SoliloquyError
from addon.core.version import SOFTWARE

from .portrait import add_portrait, read_portrait

PACKAGES: Final[tuple[tuple[str, str], ...]] = (
    ("numpy", "numpy"),
    ("torch", "torch"),
    ("safetensors", "safetensors"),
    ("pyzmq", "zmq"),
    ("soundfile", "soundfile"),
    ("av", "av"),
    ("soxr", "soxr"),
    ("threadpoolctl", "threadpoolctl"),
    ("librosa", "librosa"),
    ("webrtcvad-wheels", "webrtcvad"),
    ("pocketsphinx", "pocketsphinx"),
)
"""Distribution and module of what the backend cannot do without."""
DECODED: Final[tuple[str, ...]] = ("WAV", "FLAC", "OGG", "MP3")
WEIGHTS: Final[Path] = Path(__file__).resolve().parents[1] / "weights"


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("doctor", help="check that everything the backend needs is there and works")
    parser.add_argument("--runtime-dir", type=Path, help="folder for the connection file")
    parser.add_argument("--liveportrait", type=Path, metavar="FOLDER", help="try LivePortrait weights of yours instead")
    add_portrait(parser, required=False)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one line per check; 0 when all is well, 2 when something is not."""
    failed = 0
    checks = _portrait_checks(options) if options.liveportrait else _checks(options.runtime_dir)
    for name, check in checks:
        try:
            mark, found = "ok", check()
        except SoliloquyError as error:
            mark, found = "FAIL", str(error)
        except Exception as error:
            mark, found = "FAIL", f"{type(error).__name__}: {error}"
        failed += mark != "ok"
        sys.stdout.write(f"{mark:4}  {name:20}  {' '.join(found.split())}\n")
    return 2 if failed else 0


def _checks(runtime_dir: Path | None) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "soliloquy", lambda: f"{SOFTWARE}, Python {platform.python_version()}, {platform.platform()}"
    for package, module in PACKAGES:
        yield package, lambda package=package, module=module: _package(package, module)
    yield "torch computes", _torch
    yield "CURVE", _curve
    yield "runtime folder", lambda: _runtime(runtime_dir)
    for name in DECODED:
        yield f"decodes {name.lower()}", lambda name=name: _decode(name)
    for weights in sorted(WEIGHTS.glob("*.safetensors")):
        yield f"weights {weights.stem}", lambda weights=weights: _weights(weights)


def _portrait_checks(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], str]]]:
    """The weights of a user, driven with a portrait of theirs where one is given."""
    from backend.device import device_name
    from backend.generator.liveportrait.certify import Certificate, certify
    from backend.generator.liveportrait.loader import load_portrait

    found: list[Certificate] = []

    def measured() -> str:
        loaded = load_portrait(options.liveportrait, device_name())
        portrait = read_portrait(options) if options.portrait else None
        found.append(certify(loaded, portrait, repeats=3 if loaded.device.type == "cuda" else 1))
        return f"all tensors are there, {'' if loaded.stitched else 'not '}stitched, on {loaded.device}"

    yield "weights", measured
    for certificate in found:
        for name, digest in certificate.hashes.items():
            yield f"sha256 {name}", lambda digest=digest: digest
        yield "portrait", lambda certificate=certificate: _recognised(certificate)
        for part, cost in certificate.costs.items():
            yield part, lambda cost=cost: f"{cost.wall:.1f} ms, {cost.processor:.1f} CPU ms, {cost.memory:.0f} MiB"
        yield "a frame", lambda certificate=certificate: f"{certificate.frame:.1f} ms"


def _recognised(certificate: Any) -> str:
    if certificate.psnr is None:
        return "not tried: give one with --portrait"
    if not certificate.passed:
        raise BackendError(
            "doctor.portrait",
            f"Driven by itself the portrait comes out at {certificate.psnr:.1f} dB: the files are not of one set.",
        )
    return f"driven by itself {certificate.psnr:.1f} dB"


def _package(package: str, module: str) -> str:
    try:
        importlib.import_module(module)
        return version(package)
    except (ImportError, PackageNotFoundError, OSError) as error:
        raise BackendError("doctor.package", f"Install {package} into this Python.", str(error)) from error


def _torch() -> str:
    import torch

    total = float(torch.ones(8, 8).matmul(torch.ones(8, 8)).sum())
    if total != 512.0:
        raise BackendError("doctor.torch", f"torch computes wrongly: {total} instead of 512; install it anew.")
    return f"{torch.get_num_threads()} threads, CUDA {'yes' if torch.cuda.is_available() else 'no'}"


def _curve() -> str:
    import zmq

    if not zmq.has("curve"):
        raise BackendError("doctor.curve", "This pyzmq has no CURVE encryption; install its official wheel.")
    return f"libzmq {zmq.zmq_version()}"


def _runtime(chosen: Path | None) -> str:
    from addon.link.connection import find, runtime_folder

    folder = runtime_folder(chosen)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryFile(dir=folder) as probe:
        probe.write(b"x")
    try:
        return f"{folder}, a backend runs (process {find(folder).pid})"
    except BackendError as error:
        return f"{folder}, {error.message}"


def _decode(name: str) -> str:
    """Encode a second of a tone and decode it with the backend's own decoder."""
    import numpy as np
    import soundfile

    from backend.audio.decode import decode_sound

    tone = 0.5 * np.sin(2.0 * np.pi * 220.0 * np.arange(44_100) / 44_100)
    file = io.BytesIO()
    soundfile.write(file, tone, 44_100, format=name)
    sound = decode_sound(file.getvalue(), f"tone.{name.lower()}")
    if abs(sound.duration - 1.0) > 0.1:
        raise BackendError("doctor.decode", f"A tone of 1 s was read as {sound.duration:.2f} s; install av anew.")
    return f"{sound.duration:.2f} s"


def _weights(path: Path) -> str:
    """The file can be opened, has a model card, and is the very file that the card describes if the card says which."""
    from safetensors import safe_open

    with safe_open(path, framework="np") as tensors:
        count = len(list(tensors.keys()))
    card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    if "sha256" not in card:
        return f"{count} tensors; its model card names no hash to compare"
    if hashlib.sha256(path.read_bytes()).hexdigest() != card["sha256"]:
        raise BackendError(
            "doctor.weights", "The file is not the one its model card describes; install anew.", path.name
        )
    return f"{count} tensors, the file its model card describes"
