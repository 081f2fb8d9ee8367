"""Which part may import which: the direction in docs/architecture.md, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CORE = frozenset({"addon.core"})
LINK = CORE | {"addon.link"}
RIG = CORE | {"addon.rig"}
SHELL = LINK | {"addon.identity", "addon.paths", "addon.preferences", "addon.properties", "addon.status"}
"""What the modules beside the folders stand on: who we are, paths, preferences, properties, what the panel is told."""
TABLE = SHELL | RIG | {"addon.mapping"}
OPS = TABLE | {"addon.jobs", "addon.runtime", "addon.character", "addon.preview", "addon.ops"}
MATERIAL = CORE | {"backend.device", "backend.progress", "backend.face", "backend.speech", "backend.audio"}
MODELS = MATERIAL | {"backend.cues", "backend.rules", "backend.generator"}
TOP = MODELS | LINK | {"backend", "addon.character"}

MAY_IMPORT: dict[str, frozenset[str]] = {
    "addon.core": CORE,
    "addon.link": LINK,
    "addon.rig": RIG,
    "addon.preview": RIG | {"addon.paths", "addon.preview"},
    "addon.character": CORE | {"addon.character"},
    "addon.identity": frozenset(),
    "addon.paths": frozenset(),
    "addon.preferences": SHELL,
    "addon.properties": SHELL,
    "addon.status": SHELL,
    "addon.jobs": LINK,
    "addon.runtime": SHELL | {"addon.jobs"},
    "addon.mapping": TABLE,
    "addon.ops": OPS,
    "addon.ui": OPS | {"addon.ui"},
    "addon.headless": OPS | {"addon.registry"},
    "addon.registry": OPS | {"addon.ui", "addon.headless"},
    "addon": frozenset({"addon.registry"}),
    "backend.device": CORE,
    "backend.progress": frozenset(),
    "backend.audio": CORE | {"backend.audio"},
    "backend.speech": CORE | {"backend.progress", "backend.audio", "backend.speech"},
    "backend.face": MATERIAL,
    "backend.rules": MATERIAL | {"backend.rules"},
    "backend.cues": MATERIAL | {"backend.rules", "backend.cues"},
    "backend.generator": MATERIAL | {"backend.generator"},
    "backend": TOP,
}
"""Of every part, what it may import of ours; the longest name that fits a module decides. `backend` is all the rest of
it: command line, server, training, evaluation, batch, which stand on everything but the add-on's Blender side."""

NO_BLENDER = ("addon.core", "addon.link", "backend")
BLENDER = frozenset({"bpy", "mathutils", "bmesh", "gpu", "bl_math", "aud", "bpy_extras"})
ONLY_NUMPY = ("addon.core",)


def sources() -> list[Path]:
    return sorted(p for top in ("addon", "backend") for p in (ROOT / top).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    return max((p for p in MAY_IMPORT if module == p or module.startswith(f"{p}.")), key=len)


def imports_of(path: Path) -> Iterator[tuple[int, str, bool]]:
    """(line, full module name, whether written relative) of every import, wherever in the file it stands."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                name = ".".join([*base, alias.name])
                is_module = (ROOT / name.replace(".", "/")).is_dir() or (
                    ROOT / f"{name.replace('.', '/')}.py"
                ).is_file()
                yield node.lineno, name if is_module else ".".join(base), bool(node.level)


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in ("addon", "backend")


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_imports_go_one_way(path: Path) -> None:
    part = part_of(module_of(path))
    allowed = MAY_IMPORT[part]
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for line, name, _ in imports_of(path)
        if is_ours(name) and part_of(name) not in allowed and part_of(name) != part
    ]
    assert not wrong


@pytest.mark.parametrize("path", sources(), ids=module_of)
def test_blender_is_imported_only_on_blenders_side(path: Path) -> None:
    module = module_of(path)
    roots = {name.split(".")[0] for _, name, _ in imports_of(path)}
    if module.startswith(NO_BLENDER):
        assert not roots & BLENDER
    if module.startswith(ONLY_NUMPY):
        assert "zmq" not in roots
        assert "torch" not in roots


@pytest.mark.parametrize("path", [p for p in sources() if "addon" in p.relative_to(ROOT).parts[0]], ids=module_of)
def test_the_addon_names_itself_only_relatively(path: Path) -> None:
    """Installed, the package is called bl_ext.<repository>.soliloquy.addon, and there is no `addon` at the top."""
    absolute = [(line, name) for line, name, relative in imports_of(path) if is_ours(name) and not relative]
    assert not absolute


@pytest.mark.parametrize("name", ["__init__.py", "addon/__init__.py"])
def test_importing_the_package_touches_no_blender(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    at_import = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
    assert all(isinstance(n, ast.ImportFrom) and n.module == "__future__" for n in at_import)


def test_only_one_file_asks_for_a_version_of_blender() -> None:
    asking = [module_of(p) for p in sources() if "app.version" in p.read_text(encoding="utf-8")]
    assert asking == ["addon.rig.actions"]
