"""What gets installed: the wheel, declared dependencies, pinned versions, how CI is started."""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("training", "atlas_app")
RIVALS = ROOT / "tests" / "benchmarks" / "rivals"
# Dependencies that pull in others only where there is a GPU.
OF_GPUS = re.compile(r"nvidia-|cuda-|triton|pytorch-triton")
README_PICTURE = re.compile(r"assets/readme-[\w-]+\.png")


@cache
def project() -> dict[str, Any]:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)
    return found


@cache
def extras() -> dict[str, list[Requirement]]:
    """Requirements of each extra, those of the extras it includes too; '' is the base."""
    declared = project()["project"]["optional-dependencies"]

    def all_of(name: str) -> Iterator[Requirement]:
        for text in declared[name]:
            requirement = Requirement(text)
            if requirement.name == project()["project"]["name"]:
                for included in requirement.extras:
                    yield from all_of(included)
            else:
                yield requirement

    base = [Requirement(text) for text in project()["project"]["dependencies"]]
    return {"": base} | {name: list(all_of(name)) for name in declared}


@cache
def pins() -> dict[str, Version]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {
        canonicalize_name(name): Version(version)
        for name, _, version in (line.partition("==") for line in lines)
    }


def tracked(*folders: str) -> list[str]:
    """Files in folders of the repository that git does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    return [
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]


def sources(package: str) -> list[Path]:
    return [ROOT / name for name in tracked(package) if name.endswith(".py")]


def imported(paths: list[Path]) -> dict[str, str]:
    """Top-level names of modules that are imported anywhere, each with one place."""
    found: dict[str, str] = {}
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
                found.setdefault(name.split(".")[0], place)
    return found


def distributions(names: list[str]) -> set[str]:
    """Distributions, and those that they themselves always require."""
    found = {canonicalize_name(name) for name in names}
    for name in list(found):
        try:
            required = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in required:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                found.add(canonicalize_name(requirement.name))
    return found


@cache
def providers() -> dict[str, list[str]]:
    """Distributions that hold a module, by its top-level name."""
    return dict(metadata.packages_distributions())


def undeclared(paths: list[Path], allowed: list[str]) -> list[str]:
    """Imports that belong to none of these extras."""
    names = [requirement.name for extra in allowed for requirement in extras()[extra]]
    declared = distributions(names)
    wrong = []
    for module, place in imported(paths).items():
        if module in sys.stdlib_module_names or module in PACKAGES:
            continue
        # The benchmarks' extra need not be installed: its modules are called as it is.
        owners = {canonicalize_name(name) for name in providers().get(module, [module])}
        if not owners & declared:
            wrong.append(f"{place}: {module} of {', '.join(sorted(owners))}")
    return wrong


def test_the_wheel_lists_every_folder_of_code() -> None:
    settings = project()["tool"]["setuptools"]
    folders = {
        path.parent.relative_to(ROOT).as_posix().replace("/", ".")
        for package in PACKAGES
        for path in sources(package)
    }
    assert set(settings["packages"]) - set(settings["package-dir"]) == folders


def test_what_training_imports_is_declared() -> None:
    wrong = undeclared(sources("training"), ["", "project", "fit", "data", "remote", "bench"])
    assert not wrong, "\n".join(wrong)


def test_what_the_app_imports_is_declared() -> None:
    wrong = undeclared(sources("atlas_app"), ["", "app", "celery", "parquet"])
    assert not wrong, "\n".join(wrong)


def test_what_the_tests_import_is_declared() -> None:
    own = {path.stem for path in sources("tests")}
    paths = [path for path in sources("tests") if path.parent != RIVALS]
    wrong = [line for line in undeclared(paths, ["", "all", "bench"]) if line.split()[1] not in own]
    assert not wrong, "\n".join(wrong)


def test_rivals_have_an_environment_of_their_own() -> None:
    lines = (RIVALS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all([each.operator for each in pin.specifier] == ["=="] for pin in pinned)
    names = {canonicalize_name(pin.name) for pin in pinned}
    assert {"tangram-sc", "scvi-tools"} <= names
    declared = {canonicalize_name(each.name) for extra in extras().values() for each in extra}
    assert not {"tangram-sc", "scvi-tools"} & (declared | set(pins()))
    modules = {"tangram": "tangram-sc", "scvi": "scvi-tools"}
    scripts = sorted(RIVALS.glob("run_*.py"))
    assert [script.stem for script in scripts] == ["run_gimvi", "run_tangram"]
    for module, place in imported(sorted(RIVALS.glob("*.py"))).items():
        known = module in sys.stdlib_module_names or module == "task"
        assert known or modules.get(module, module) in names, place
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(r"^RIVALS := tests/benchmarks/rivals$", makefile, re.MULTILINE)
    assert re.search(r"^\.venv-rivals/installed: \$\(RIVALS\)/requirements\.txt$", makefile, re.M)
    assert re.search(r"^bench-mapping: \.venv/installed \.venv-rivals/installed$", makefile, re.M)
    dry = subprocess.run(
        ["make", "--dry-run", "bench-mapping", "SETS=her2st_B", "SEEDS=1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "--sets 'her2st_B'" in dry
    assert "--seeds '1'" in dry
    assert "--rivals-python .venv-rivals/bin/python" in dry


def test_the_store_needs_nothing_but_the_base_and_for_urls_one_extra() -> None:
    behind_urls = {"remote.py", "listed.py"}
    paths = [*(ROOT / "training" / "store").rglob("*.py")]
    wrong = undeclared([path for path in paths if path.name not in behind_urls], [""])
    wrong += undeclared([path for path in paths if path.name in behind_urls], ["", "remote"])
    assert not wrong, "\n".join(wrong)


def test_all_is_everything_but_the_benchmarks() -> None:
    rest = set(extras()) - {"", "all", "bench"}
    wanted = {requirement.name for name in rest for requirement in extras()[name]}
    assert {requirement.name for requirement in extras()["all"]} == wanted


def test_extras_named_in_messages_exist() -> None:
    named: dict[str, str] = {}
    for path in [*sources("training"), *sources("atlas_app")]:
        text = path.read_text(encoding="utf-8")
        for extra in re.findall(r"inspire-atlas\[([\w,]+)\]", text):
            named |= dict.fromkeys(extra.split(","), str(path))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                arguments = [a.value for a in node.args if isinstance(a, ast.Constant)]
                if node.func.id in ("MissingExtraError", "_need") and len(arguments) > 1:
                    named[arguments[1]] = str(path)
    assert {"app", "fit", "project"} <= set(named)
    unknown = {extra: place for extra, place in named.items() if extra not in extras()}
    assert not unknown


def test_pins_are_names_with_versions_once_and_in_order() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        # A local version such as +cpu exists on one index only.
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line), line
    assert lines == sorted(lines, key=str.lower)
    assert len(pins()) == len(lines)


def test_pins_are_within_the_declared_ranges() -> None:
    wrong = [
        f"{requirement} but {pins().get(canonicalize_name(requirement.name), 'no pin')}"
        for requirement in {str(r): r for group in extras().values() for r in group}.values()
        if not (
            (pin := pins().get(canonicalize_name(requirement.name))) is not None
            and requirement.specifier.contains(pin)
        )
    ]
    assert not wrong, "\n".join(wrong)


def test_pins_fit_one_another_and_nothing_is_left_free() -> None:
    """Walks the requirements of what is installed here, as declared by each of them."""
    wrong: set[str] = set()
    seen: set[tuple[str, str]] = set()

    def walk(requirement: Requirement, by: str) -> None:
        name = canonicalize_name(requirement.name)
        if OF_GPUS.match(name):
            return
        pin = pins().get(name)
        if pin is None:
            wrong.add(f"{by} requires {requirement}, which has no pin")
        elif not requirement.specifier.contains(pin, prereleases=True):
            wrong.add(f"{by} requires {requirement}, pinned is {pin}")
        for extra in {"", *requirement.extras}:
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            try:
                below = metadata.requires(name) or []
            except metadata.PackageNotFoundError:
                continue
            for text in below:
                further = Requirement(text)
                marker = further.marker
                if marker is None or marker.evaluate({"extra": extra}):
                    walk(further, name)

    for group in ("", "all"):
        for requirement in extras()[group]:
            walk(requirement, "this project")
    assert len(seen) > 60
    assert not wrong, "\n".join(sorted(wrong))


def test_entry_points_lead_to_functions() -> None:
    declared = project()["project"]
    places = list(declared["scripts"].values())
    for group in declared["entry-points"].values():
        places += group.values()
    assert len(places) >= 2
    for place in places:
        module, _, name = place.partition(":")
        assert callable(getattr(importlib.import_module(module), name)), place


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of the files in a wheel built from a copy of what is tracked."""
    copy = tmp_path_factory.mktemp("source")
    names = tracked("training", "atlas_app", "assets", "data_manifest")
    for name in [*names, "pyproject.toml", "README.md", "LICENSE"]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    # setuptools is here: torch requires it. Nothing is downloaded.
    command = [sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--no-build-isolation", "--no-index", "--wheel-dir", "out", "."],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (copy / "out").glob("inspire_atlas-*.whl")
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_holds_code_assets_manifests_and_the_format(wheel: list[str]) -> None:
    wanted = [name for name in tracked("training", "atlas_app") if name.endswith(".py")]
    wanted += [
        f"atlas_app/{name}" for name in tracked("assets") if not README_PICTURE.fullmatch(name)
    ]
    wanted += [f"training/{name}" for name in tracked("data_manifest") if name.endswith(".toml")]
    assert any(name.endswith(".toml") for name in wanted)
    missing = sorted(set(wanted) - set(wheel))
    assert not missing, f"not in the wheel: {missing}"
    # The method, what was measured of it and the format go with what is installed; guides stay
    # with the source.
    told = {name for name in wheel if name.endswith(".md")}
    measured = {f"training/benchmark/{name}.md" for name in ("RESULTS", "MAPPING_RESULTS")}
    assert told == {"training/METHOD.md", *measured, "training/store/FORMAT.md"}


def test_the_wheel_holds_no_tests_and_nothing_besides_its_packages(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    version = project()["project"]["version"]
    assert tops == {*PACKAGES, f"inspire_atlas-{version}.dist-info"}
    assert not [name for name in wheel if "test" in Path(name).name]


def test_the_makefile_installs_pinned_versions_and_continuous_integration_calls_it() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    installs = re.findall(r"^\t\$\(INSTALL\) .*$", makefile, re.MULTILINE)
    assert len(installs) == 2
    for line in installs:
        assert "--constraint constraints.txt" in line
    named = {extra for line in installs for extra in re.findall(r"\.\[([\w,]+)\]", line)}
    assert named == {"all", "all,bench"}
    assert re.search(r"^\.venv/installed:.*pyproject\.toml.*constraints\.txt", makefile, re.M)
    for name in (".ci/run", ".ci/chromium", ".ci/redis", ".ci/node", ".ci/with_apt"):
        assert os.access(ROOT / name, os.X_OK), f"{name} cannot be run"
    assert re.search(r"^make test\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    ("script", "named"), [("chromium", "ATLAS_CHROMIUM"), ("redis", "PATH"), ("node", "PATH")]
)
@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_program_is_said_and_under_ci_a_failure(
    tmp_path: Path, script: str, named: str, ci: str, status: int
) -> None:
    for name in ("sh", "cat", "env"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    # Without id, apt-get and sudo on the path there is no way to install one.
    done = subprocess.run(
        [tmp_path / "sh", ROOT / ".ci" / script],
        env={"PATH": str(tmp_path), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status
    assert named in done.stderr
    assert ("will be skipped" in done.stderr) == (status == 0)


@pytest.mark.parametrize("given", ["named", "chromium-headless-shell", "chromium"])
def test_a_browser_that_is_there_is_enough(tmp_path: Path, given: str) -> None:
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "sh")
    environment = {"PATH": str(tmp_path), "CI": "true"}
    if given == "named":
        environment["ATLAS_CHROMIUM"] = "somewhere/chrome"
    else:
        (tmp_path / given).symlink_to(shutil.which("true") or "true")
    done = subprocess.run(
        [tmp_path / "sh", ROOT / ".ci" / "chromium"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
