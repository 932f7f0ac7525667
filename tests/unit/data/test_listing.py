"""What `data list` says of the data sets: all in a table, one in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer import data
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import DataSettings
from forensictransfer.data.catalogue.data_sets import data_sets


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> DataSettings:
    """Where one domain of CASIA is built."""
    settings = DataSettings(data_dir=str(tmp_path_factory.mktemp("data")))
    files = Path(str(data_sets()["casia_v2"].module("catalogue").__file__)).parent / "dummy_data"
    assert data.build("casia_v2/splicing", files=files, data=settings) == ("casia_v2/splicing",)
    return settings


def test_the_table_has_a_line_for_each_data_set(settings: DataSettings) -> None:
    lines = data.table(data=settings).splitlines()
    assert lines[0].split("  ")[0] == "data set" and lines[0].endswith("built")
    assert [line.split()[0] for line in lines[1:-2]] == list(data_sets())
    casia = next(line for line in lines if line.startswith("casia_v2"))
    assert casia.endswith("1 of 3") and "12,614" in casia and "download" in casia
    starts = {line.index(word) for line, word in ((lines[0], "built"), (casia, "1 of 3"))}
    assert len(starts) == 1, "columns stand below each other"


def test_one_data_set_in_full(settings: DataSettings) -> None:
    text = data.details("casia_v2", data=settings)
    assert "casia_v2/splicing   built  a region of another photograph" in text
    assert "casia_v2/copy_move         a region of the same photograph" in text
    assert "note: tampered images without a mask" in text
    for fact in (
        "https://github.com/namtpham/casia2groundtruth",
        "Au/Au_ani_00001.jpg",
        "masks",
        "data build casia_v2",
    ):
        assert fact in text
    assert str(Path(str(settings.data_dir)) / "manual" / "casia_v2") in text
    assert data.details("casia_v2/all", data=settings) == text
    assert "Nothing to get" in data.details("forged_photos", data=settings)


def test_an_unknown_name_is_answered_with_the_nearest(settings: DataSettings) -> None:
    with pytest.raises(UserError, match="'casia_v2'", check=lambda error: error.code == "name-unknown"):
        data.details("casia", data=settings)
    with pytest.raises(UserError, match="'casia_v2/all'", check=lambda error: error.code == "name-unknown"):
        data.details("casia_v2/al", data=settings)
