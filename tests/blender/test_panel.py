"""The panel draws in every state, from properties that exist and operators that exist."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from addon import runtime
from addon.ops import training
from addon.preview.chore import Chore, ChoreState
from addon.preview.settings import preview_of
from addon.properties import status_of
from addon.status import stage_words
from addon.ui import facts
from addon.ui.panel import SOLILOQUY_PT_line
from addon.ui.preview import SOLILOQUY_PT_preview
from tests.blender import scenes

LAYOUT = bpy.types.UILayout.bl_rna


class Paper:
    """Stands for a layout, which Blender makes only in a window: takes the calls and refuses what Blender would."""

    def __init__(self, words: list[str]) -> None:
        self.words = words

    def __getattr__(self, name: str) -> Any:
        assert name in LAYOUT.functions, f"Blender's layouts have no {name}"
        return lambda *args, **options: self._call(name, args, options)

    def _call(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        assert set(options) <= {p.identifier for p in LAYOUT.functions[name].parameters}
        if "icon" in options:
            icons = LAYOUT.functions["label"].parameters["icon"].enum_items
            assert options["icon"] in icons
        if name == "prop":
            assert args[1] in args[0].bl_rna.properties
            self.words.append(args[1])
        elif name == "operator":
            category, name = args[0].split(".")
            assert hasattr(bpy.types, f"{category.upper()}_OT_{name}")
            self.words.append(args[0])
        else:
            self.words.append(options.get("text", ""))
        return (Paper(self.words), Paper(self.words)) if name == "panel" else Paper(self.words)


def drawn(shown: type = SOLILOQUY_PT_line) -> str:
    """Everything a panel shows now."""
    facts._known.clear()
    words: list[str] = []
    region = SimpleNamespace(width=300)
    context = SimpleNamespace(
        scene=bpy.context.scene, active_object=bpy.context.active_object, region=region,
        window_manager=bpy.context.window_manager, preferences=bpy.context.preferences,
    )  # fmt: skip
    panel: Any = SimpleNamespace(layout=Paper(words))
    shown.draw(panel, context)  # pyright: ignore[reportAttributeAccessIssue]
    return " ".join(words)


pytestmark = pytest.mark.usefixtures("registered")


def test_an_empty_scene_asks_for_a_character() -> None:
    text = drawn()
    assert "Choose a character first" in text
    assert "soliloquy.add_character" in text
    assert "Backend stopped" in text


def test_a_character_shows_its_coverage_and_what_is_left_out(scene: bpy.types.Scene) -> None:
    scene.soliloquy.character = scenes.add_character()
    bpy.data.objects["Face"].data.shape_keys.key_blocks["jawOpen"].mute = True
    text = drawn()
    assert "52 of 52 channels" in text
    assert "jawOpen of Face are muted" in text


def test_a_hopeless_choice_shows_why(scene: bpy.types.Scene) -> None:
    scene.soliloquy.character = scenes.add_mesh("Cube", ("smile",))
    assert "no shape keys named after" in drawn()


def test_an_object_that_nobody_chose_is_no_error() -> None:
    bpy.context.view_layer.objects.active = scenes.add_mesh("Cube", ("smile",))
    text = drawn()
    assert "Cube is not a character" in text
    assert "no shape keys named after" not in text


def test_the_reason_of_a_grey_generate_stands_below_it(scene: bpy.types.Scene) -> None:
    scene.soliloquy.character = scenes.add_character()
    assert "Choose a sound file first" in drawn()
    scene.soliloquy.sound = "//line.wav"
    assert "Choose a sound file first" not in drawn()


def test_while_a_line_is_made_there_is_progress_and_cancel_and_no_generate(scene: bpy.types.Scene) -> None:
    assert "soliloquy.perform" in drawn()
    status = status_of(bpy.context)
    status.busy, status.stage, status.progress = True, "finding the words", 0.4
    text = drawn()
    assert "finding the words" in text
    assert "soliloquy.cancel" in text
    assert "soliloquy.perform" not in text


def test_messages_are_shown_newest_first() -> None:
    runtime.get().tell("INFO", "first")
    runtime.get().tell("ERROR", "second")
    runtime.get().tell("INFO", "first")
    text = drawn()
    assert text.index("first") < text.index("second")


@pytest.mark.parametrize("state", ["stopped", "starting", "connecting", "ready", "lost"])
def test_every_state_of_the_backend_has_its_button(state: str) -> None:
    status_of(bpy.context).backend = state
    button = "soliloquy.start_backend" if state in ("stopped", "lost") else "soliloquy.stop_backend"
    assert button in drawn()


def test_what_the_backend_calls_its_stages_has_words_for_the_artist() -> None:
    assert stage_words("speech", 0) == "Listening to the words"
    assert stage_words("waiting", 2) == "Waiting, number 2 in the queue"
    assert stage_words("a new stage", 0) == "a new stage"


def test_the_voice_may_choose_the_emotion_and_then_the_intensity(scene: bpy.types.Scene) -> None:
    offered = [item.identifier for item in scene.soliloquy.bl_rna.properties["emotion"].enum_items]
    assert offered[0] == "auto"
    assert len(offered) == 9
    scene.soliloquy.emotion = "auto"
    assert "intensity" in drawn()


def test_the_engine_stands_under_advanced() -> None:
    text = drawn()
    assert text.index("Advanced") < text.index("engine")


def test_a_training_may_be_looked_at_as_soon_as_there_is_a_picture_and_when_it_has_ended(
    scene: bpy.types.Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview_of(scene).generator = "character"
    assert "soliloquy.show_training" not in drawn(SOLILOQUY_PT_preview)
    chore = Chore("The training", tmp_path)
    monkeypatch.setattr(training, "_watched", [training._Watched(chore, scene.session_uid)])
    assert "soliloquy.show_training" not in drawn(SOLILOQUY_PT_preview)
    (tmp_path / training.PICTURE).touch()
    for running, beside in ((True, "soliloquy.stop_chore"), (False, "soliloquy.train_character")):
        chore.state = ChoreState(running, {})
        text = drawn(SOLILOQUY_PT_preview)
        assert "soliloquy.show_training" in text
        assert beside in text
