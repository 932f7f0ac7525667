"""Settings: defaults, YAML, flags, and errors that name everything at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DomainSettings, Settings, dump, leaves, load_domain_file
from forensictransfer.experiments.choices import CHOICES, load_settings
from forensictransfer.sweep.settings import load_sweep

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


def written(folder: Path, text: str) -> Path:
    path = folder / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(config: Path | None = None, overrides: dict | None = None) -> list[str]:
    """The lines of the error, the one-line form as one line."""
    with pytest.raises(UserError) as caught:
        load_settings(config, overrides)
    return str(caught.value).splitlines()


def test_nothing_given_is_the_defaults(tmp_path: Path) -> None:
    assert load_settings() == Settings()
    assert load_settings(written(tmp_path, "")) == Settings()
    assert load_settings(written(tmp_path, "# only a comment\n")) == Settings()


def test_file_then_overrides(tmp_path: Path) -> None:
    config = written(
        tmp_path, "train:\n  epochs: 7\n  learning_rate: 1e-3\ndata: {augment: {jpeg_quality: [50, 60]}}\n"
    )
    settings = load_settings(config, {"train.epochs": 9, "adapt": {"shots": 3}})
    assert (settings.train.epochs, settings.adapt.shots) == (9, 3)
    assert settings.train.learning_rate == 0.001
    assert settings.data.augment.jpeg_quality == (50, 60)
    assert settings.train.batch == Settings().train.batch


def test_base_is_kept_below_the_file(tmp_path: Path) -> None:
    base = load_settings(None, {"train.epochs": 3, "seed": 5})
    settings = load_settings(written(tmp_path, "seed: 6\n"), None, base)
    assert (settings.train.epochs, settings.seed) == (3, 6)


def test_an_empty_section_changes_nothing(tmp_path: Path) -> None:
    assert load_settings(written(tmp_path, "train:\nseed: 1\n")).train == Settings().train


@pytest.mark.parametrize("text", ["1e-3", "1E-3", "1.e-3", ".1e-2", "0.001", "1.0e-3", "+1e-3"])
def test_every_usual_spelling_of_a_float(tmp_path: Path, text: str) -> None:
    assert load_settings(written(tmp_path, f"train.learning_rate: {text}\n")).train.learning_rate == 0.001


@given(
    split=st.sampled_from([(0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.0, 0.0, 1.0)]),
    rate=st.floats(1e-8, 1.0),
    crop=st.integers(4, 64).map(lambda n: 8 * n),
    seed=st.integers(0, 2**40),
    path=st.none() | st.text("aé~/ :#-0{%*&!", min_size=1, max_size=8),
)
def test_dump_is_read_back_to_the_same(
    tmp_path_factory: pytest.TempPathFactory, split: Any, rate: float, crop: int, seed: int, path: str | None
) -> None:
    settings = load_settings(
        None,
        {
            "data.split": split,
            "train.learning_rate": rate,
            "data.crop": crop,
            "seed": seed,
            "data.data_dir": path,
            "data.augment.flip": False,
        },
    )
    assert load_settings(written(tmp_path_factory.mktemp("dump"), dump(settings))) == settings


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_configs_are_valid_and_open_with_their_command(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(("# forensictransfer ", "# make "))
    if text.startswith("# forensictransfer sweep "):
        load_sweep(path)
    else:
        load_settings(path)


def test_all_problems_at_once(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        "detector: ft-rez\nepochs: 3\ntrain:\n  epoch: 5\n  batch: 3\n  balance: 1\n  patience: true\n"
        "data:\n  split: [0.5, 0.2, 0.2]\n  augment:\n    jpeg_quality: [90, 60]\nadapt:\n  strategy: fine-tune\n"
        "  threshold: balance\n",
    )
    first, *lines = problems(config, {"train.learning_rate": -1})
    assert first == f"{config}: 11 problems"
    text = "\n".join(lines)
    for expected in (
        "detector: unknown detector 'ft-rez'; perhaps you meant 'ft-res'",
        "epochs: unknown setting; perhaps you meant 'train.epochs'",
        "train.epoch: unknown setting; perhaps you meant 'train.epochs'",
        "train.batch: expected a multiple of 2, got 3",
        "train.balance: expected a boolean, got 1",
        "train.patience: expected an integer, got true",
        "data.split: expected three shares that sum to 1, got [0.5, 0.2, 0.2], which sum to 0.9",
        "data.augment.jpeg_quality: expected the lower of two numbers first, got [90, 60]",
        "adapt.strategy: unknown strategy 'fine-tune'; perhaps you meant 'finetune'",
        "adapt.threshold: unknown threshold rule 'balance'; perhaps you meant 'balanced'",
        "--train.learning_rate: expected greater than 0, got -1",
    ):
        assert f"  {expected}" in text
    assert len(lines) == 11


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("train.epochs", -1, "expected greater than or equal to 0, got -1"),
        ("train.epochs", "ten", "expected an integer, got ten"),
        ("train.epochs", 1.5, "expected an integer, got 1.5"),
        ("train.epochs", None, "expected an integer, got null"),
        ("train.learning_rate", True, "expected a number, got true"),
        ("train.learning_rate", float("nan"), "expected a finite number, got .nan"),
        ("seed", -1, "expected greater than or equal to 0, got -1"),
        ("data.crop", 100, "expected a multiple of 8, got 100"),
        ("data.split", [0.5, 0.5], "expected another number of values, got [0.5, 0.5]"),
        ("data.split", [1, 0, 0, 0], "expected another number of values, got [1, 0, 0, 0]"),
        ("data.split", 0.5, "expected a list, got 0.5"),
        ("data.augment.jpeg_quality", [0, 95], "expected greater than or equal to 1, got 0"),
        ("train", 5, "expected a section of settings, got 5"),
        ("detector", 5, "expected a string, got 5"),
        ("train.epochs.first", 5, "expected an integer, got {first: 5}"),
    ],
)
def test_one_problem_is_one_line(name: str, value: object, said: str) -> None:
    label = name.removesuffix(".first")
    assert problems(None, {name: value}) in ([f"settings: --{label}: {said}"], [f"settings: {label}: {said}"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: 1\nseed: 2\n", " line 2: 'seed' is given twice"),
        ("train: {epochs: 1, epochs: 2}\n", " line 1: 'epochs' is given twice"),
        ("train: {epochs: 1}\ntrain.epochs: 2\n", " train.epochs: is given twice"),
        ("- seed\n", " expected settings as 'name: value' lines, got a list"),
        ("hello\n", " expected settings as 'name: value' lines, got a single value (hello)"),
        ("train: [1,\n", " line 2: expected the node content, but found '<stream end>'"),
        ("\t- x\n", " line 1: found character '\\t' that cannot start any token"),
        ("seed: !!python/object:os.system x\n", " line 1: could not determine a constructor"),
        ("? [a]\n: 1\n", " line 1: expected a name before ':'"),
        ("a: &x [1]\nb: *x\n", " line 2: the alias '*x': write the value out, aliases are not read"),
        ("train: &t\n  epochs: *t\n", " line 2: the alias '*t': write the value out, aliases are not read"),
        ("train: &t {epochs: 1}\nadapt:\n  <<: *t\n", " line 3: the alias '*t': write the value out"),
        ("train: " + "[" * 5000 + "]" * 5000, " line 1: expected at most 20 lists and mappings in one another"),
        ("\n".join(" " * depth + "a:" for depth in range(400)), " line 21: expected at most 20 lists"),
        ("a: 1\n" * 60_000, " expected settings of at most 256 KiB, got a larger file"),
    ],
)
def test_bad_yaml_names_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    config = written(tmp_path, text)
    (line,) = problems(config)
    assert line.startswith(f"{config}:{said}")


def test_no_file_no_text(tmp_path: Path) -> None:
    assert problems(tmp_path / "no.yaml") == [f"{tmp_path}/no.yaml: there is no such settings file"]
    assert problems(tmp_path) == [f"{tmp_path}: there is no such settings file"]
    binary = tmp_path / "image.yaml"
    binary.write_bytes(b"\xff\xd8\xff\xe0" * 9)
    assert problems(binary) == [f"{binary}: expected a YAML text file in UTF-8, got other bytes"]


def test_every_setting_is_described_and_frozen() -> None:
    names = dict(leaves())
    assert {"seed", "data.augment.flip", "train.epochs", "evaluate.stride"} <= set(names)
    assert [name for name, info in names.items() if not info.description] == []
    with pytest.raises(ValueError, match="frozen"):
        Settings().seed = 1  # type: ignore[misc]


def test_domain_file_paths_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    config = written(tmp_path, "path: photos\nname: Photos\ngroup: groups.csv\n")
    expected = {"path": str(tmp_path / "photos"), "name": "Photos", "group": str(tmp_path / "groups.csv")}
    assert load_domain_file(config).model_dump() == expected
    assert load_domain_file(written(tmp_path, "path: ../elsewhere\n")).path == str(tmp_path.parent / "elsewhere")
    assert load_domain_file(written(tmp_path, "path: forged_photos/splice\n")) == DomainSettings(
        path="forged_photos/splice"
    )


def test_domain_file_errors(tmp_path: Path) -> None:
    config = written(tmp_path, "folder: photos\ngroop: stem\n")
    with pytest.raises(UserError) as caught:
        load_domain_file(config)
    assert str(caught.value).splitlines() == [
        f"{config}: 3 problems",
        "  path: is required",
        "  folder: unknown setting",
        "  groop: unknown setting; perhaps you meant 'group'",
    ]


def test_descriptions_leave_the_list_of_choices_to_whoever_shows_them() -> None:
    described = {name: str(info.description) for name, info in leaves()}
    for name in ("adapt.strategy", "adapt.stop", "adapt.threshold", "train.threshold"):
        assert not all(known in described[name] for known in CHOICES[name].names()), name
