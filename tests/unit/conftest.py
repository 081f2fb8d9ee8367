"""What the tests of the built-in characters share: each of them, once per test module."""

from __future__ import annotations

import pytest

from addon.character.character import build_character
from addon.character.head_mesh import Skin, build_skin
from addon.character.model import CharacterModel
from addon.character.roster import CHARACTERS
from addon.character.spec import CharacterSpec


@pytest.fixture(scope="module", params=CHARACTERS.values(), ids=CHARACTERS)
def spec(request: pytest.FixtureRequest) -> CharacterSpec:
    return request.param


@pytest.fixture(scope="module")
def model(spec: CharacterSpec) -> CharacterModel:
    return build_character(spec)


@pytest.fixture(scope="module")
def skin(spec: CharacterSpec) -> Skin:
    return build_skin(spec)
