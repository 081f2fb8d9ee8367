"""Train the letter-to-sound model on the CMU pronouncing dictionary that comes with pocketsphinx.

    python -m backend.training.letter_to_sound

writes `backend/weights/letter_to_sound.safetensors` and its model card. One word in twenty is held out and gives the
error rates in the card; the shipped model is trained on the rest. Nothing is drawn at random.
"""

from __future__ import annotations

import collections
import hashlib
import json
import logging
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from backend.speech.letters import EDGE, MODEL, ORDER, TOKEN_BITS, LetterModel, phones_of

log = logging.getLogger(__name__)

Pair = tuple[str, tuple[str, ...]]
HELD_OUT: Final[int] = 20
ROUNDS: Final[int] = 5
"""Passes of Viterbi training; the alignment no longer changes after that."""
MIN_COUNT: Final[Mapping[int, int]] = {4: 2, 5: 2, 6: 3}
"""n-grams of this length seen less often are left out: they double the file and win nothing."""


def read_dictionary(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """(word, phones) of every plain word, first pronunciation, in file order."""
    words: list[tuple[str, tuple[str, ...]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        if re.fullmatch(r"[a-z']*[a-z][a-z']*", word) and len(word) > 1:
            words.append((word, tuple(phones)))
    return words


def held_out(word: str) -> bool:
    """Whether a word is for testing; by its checksum, so that inflections do not follow each other."""
    return zlib.crc32(word.encode()) % HELD_OUT == 0


def align_letters(words: Sequence[tuple[str, tuple[str, ...]]]) -> list[list[Pair]]:
    """Each word as (letter, 0 to 2 phones) pairs, by Viterbi training; words that do not fit are left out."""
    cost = _first_costs(words)
    aligned: list[list[Pair]] = []
    for _ in range(ROUNDS):
        aligned = [pairs for word, phones in words if (pairs := _viterbi(word, phones, cost))]
        counts = collections.Counter(pair for pairs in aligned for pair in pairs)
        letters = collections.Counter(letter for pairs in aligned for letter, _ in pairs)
        cost = {pair: -math.log(n / letters[pair[0]]) for pair, n in counts.items()}
    return aligned


def _first_costs(words: Iterable[tuple[str, tuple[str, ...]]]) -> dict[Pair, float]:
    """Costs to start from: how often a phone stands where a letter stands, both scaled to the word's length."""
    counts: collections.Counter[Pair] = collections.Counter()
    for word, phones in words:
        for i, letter in enumerate(word):
            at = min(len(phones) - 1, int((i + 0.5) * len(phones) / len(word)))
            counts[letter, (phones[at],)] += 1
    letters = collections.Counter[str]()
    for (letter, _), n in counts.items():
        letters[letter] += n
    cost: dict[Pair, float] = {pair: -math.log(n / letters[pair[0]]) for pair, n in counts.items()}
    singles = {phone for _, (phone,) in counts}
    for letter in letters:
        cost[letter, ()] = 3.0
        for first in singles:
            for second in singles:
                both = cost.get((letter, (first,)), 9.0) + cost.get((letter, (second,)), 9.0)
                cost[letter, (first, second)] = 3.0 + both
    return cost


def _viterbi(word: str, phones: tuple[str, ...], cost: Mapping[Pair, float]) -> list[Pair]:
    count = len(phones)
    best: list[float] = [0.0] + [math.inf] * count
    back: list[list[int]] = []
    for letter in word:
        fresh, steps = [math.inf] * (count + 1), [0] * (count + 1)
        for end in range(count + 1):
            for used in range(min(2, end) + 1):
                before = best[end - used]
                if before == math.inf:
                    continue
                total = before + cost.get((letter, phones[end - used : end]), math.inf)
                if total < fresh[end]:
                    fresh[end], steps[end] = total, used
        best = fresh
        back.append(steps)
    if best[count] == math.inf:
        return []
    pairs: list[Pair] = []
    end = count
    for letter, steps in zip(reversed(word), reversed(back), strict=True):
        pairs.append((letter, phones[end - steps[end] : end]))
        end -= steps[end]
    return pairs[::-1]


def estimate(aligned: Sequence[Sequence[Pair]]) -> LetterModel:
    """The back-off n-gram with interpolated Kneser-Ney smoothing (Chen & Goodman 1999, section 3)."""
    seen = collections.Counter(pair for pairs in aligned for pair in pairs)
    vocabulary: list[Pair] = [("", ()), ("", ()), *sorted(pair for pair, n in seen.items() if n > 2)]
    if len(vocabulary) >= 1 << TOKEN_BITS:
        raise ValueError("more letter-phone pairs than a key can hold")
    token = {pair: index for index, pair in enumerate(vocabulary) if index > EDGE}
    grams = _count([[token[pair] for pair in pairs] for pairs in aligned if all(pair in token for pair in pairs)])
    probability: dict[int, float] = {}
    backoff: dict[int, float] = {}
    for length in range(1, ORDER + 1):
        _smooth(length, grams, probability, backoff)
    keys = np.array(sorted(probability), dtype=np.uint64)
    return LetterModel(
        keys=keys,
        log_p=np.array([math.log(probability[int(k)]) for k in keys], dtype=np.float16),
        backoff=np.array([math.log(backoff.get(int(k), 1.0)) for k in keys], dtype=np.float16),
        pairs=tuple(vocabulary),
    )


def _count(sentences: Iterable[Sequence[int]]) -> list[dict[int, int]]:
    """Counts by length 0..ORDER: of the longest n-grams and those at the start, else of the distinct predecessors."""
    plain: list[collections.Counter[int]] = [collections.Counter() for _ in range(ORDER + 1)]
    for tokens in sentences:
        line = [EDGE, *tokens, EDGE]
        for end in range(1, len(line)):
            for length in range(1, min(ORDER, end + 1) + 1):
                plain[length][_key(line[end + 1 - length : end + 1])] += 1
    counts: list[dict[int, int]] = [{} for _ in range(ORDER + 1)]
    counts[ORDER] = dict(plain[ORDER])
    for length in range(1, ORDER):
        continuation = collections.Counter(key & _mask(length) for key in plain[length + 1])
        counts[length] = {
            key: n if key >> (TOKEN_BITS * (length - 1)) == EDGE and length > 1 else continuation[key]
            for key, n in plain[length].items()
        }
    for length, least in MIN_COUNT.items():
        counts[length] = {key: n for key, n in counts[length].items() if plain[length][key] >= least}
    return counts


def _smooth(length: int, grams: Sequence[Mapping[int, int]], p: dict[int, float], backoff: dict[int, float]) -> None:
    counts = grams[length]
    ones, twos = (sum(1 for n in counts.values() if n == k) for k in (1, 2))
    discount = ones / (ones + 2 * twos) if ones else 0.5
    total: collections.Counter[int] = collections.Counter()
    kinds: collections.Counter[int] = collections.Counter()
    for key, n in counts.items():
        total[key >> TOKEN_BITS] += n
        kinds[key >> TOKEN_BITS] += 1
    if length == 1:
        for key, n in counts.items():
            p[key] = (n - discount) / total[0] + discount * kinds[0] / total[0] / len(counts)
        return
    for context, n in total.items():
        backoff[context] = discount * kinds[context] / n
    for key, n in counts.items():
        context = key >> TOKEN_BITS
        p[key] = (n - discount) / total[context] + backoff[context] * _lower(
            key & _mask(length - 1), length - 1, p, backoff
        )


def _lower(key: int, length: int, p: Mapping[int, float], backoff: Mapping[int, float]) -> float:
    if key in p:
        return p[key]
    return backoff.get(key >> TOKEN_BITS, 1.0) * _lower(key & _mask(length - 1), length - 1, p, backoff)


def _key(tokens: Sequence[int]) -> int:
    key = 0
    for token in tokens:
        key = key << TOKEN_BITS | token
    return key


def _mask(length: int) -> int:
    return (1 << (TOKEN_BITS * length)) - 1


def error_rates(model: LetterModel, words: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[float, float]:
    """(phone error rate, word error rate) in 0..1 against the first pronunciation."""
    edits = wrong = phones = 0
    for word, truth in words:
        distance = edit_distance(phones_of(word, model), truth)
        edits, wrong, phones = edits + distance, wrong + (distance > 0), phones + len(truth)
    return edits / phones, wrong / len(words)


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Levenshtein distance of two sequences."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def train(target: Path = MODEL) -> None:
    """Train, measure, and write the model with its card."""
    import pocketsphinx
    from safetensors.numpy import save_file

    words = read_dictionary(Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict")
    training = [entry for entry in words if not held_out(entry[0])]
    testing = [entry for entry in words if held_out(entry[0])]
    model = estimate(align_letters(training))
    phone_errors, word_errors = error_rates(model, testing)
    log.info("%d n-grams; phone error rate %.4f, word error rate %.4f", len(model.keys), phone_errors, word_errors)
    target.parent.mkdir(parents=True, exist_ok=True)
    pairs = json.dumps([[letter, " ".join(phones)] for letter, phones in model.pairs])
    save_file({"keys": model.keys, "log_p": model.log_p, "backoff": model.backoff}, target, metadata={"pairs": pairs})
    card = {
        "name": "letter_to_sound",
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "task": "phones of English words that are not in the pronouncing dictionary",
        "method": f"joint n-gram of order {ORDER} over letter-phone pairs, interpolated Kneser-Ney smoothing",
        "data": "CMU pronouncing dictionary as distributed with pocketsphinx (en-us), first pronunciations",
        "data_licence": "BSD-2-Clause (Carnegie Mellon University)",
        "licence": "GPL-3.0-or-later",
        "training_command": "python -m backend.training.letter_to_sound",
        "seed": None,
        "training_words": len(training),
        "held_out_words": len(testing),
        "metrics": {"phone_error_rate": round(phone_errors, 4), "word_error_rate": round(word_errors, 4)},
        "ngrams": len(model.keys),
    }
    target.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    train()
