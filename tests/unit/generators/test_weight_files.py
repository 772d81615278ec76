import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from limner.core.errors import WeightsRefused
from limner.generators.weight_files import (
    hash_files,
    read_safetensors_header,
    require_as_written,
    require_safe,
    sha256_of_file,
)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "model"
    (folder / "unet").mkdir(parents=True)
    (folder / "model_index.json").write_text("{}")
    save_file({"w": np.ones((3, 4), np.float32)}, folder / "unet" / "model.safetensors")
    return folder


@pytest.fixture
def weights(folder):
    return folder / "unet" / "model.safetensors"


def test_every_file_is_hashed_by_its_name(folder, weights):
    hashes = hash_files(folder)
    assert hashes["unet/model.safetensors"] == sha256_of_file(weights)
    assert sorted(hashes) == ["model_index.json", "unet/model.safetensors"]


def test_what_was_hashed_is_as_written(folder):
    require_as_written(folder, hash_files(folder))


def test_hidden_files_do_not_count(folder):
    (folder / ".cache").mkdir()
    (folder / ".cache" / "x").write_text("")
    assert len(hash_files(folder)) == 2


@pytest.mark.parametrize("where", ["nothing", "empty"])
def test_a_location_without_files_is_refused(tmp_path, where):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsRefused, match="The location of the model"):
        hash_files(tmp_path / where)


def test_a_changed_file_is_refused_by_both_hashes(folder):
    hashes = hash_files(folder)
    (folder / "model_index.json").write_text("{ }")
    with pytest.raises(WeightsRefused, match=r"'model_index.json' has the hash .* its form says"):
        require_as_written(folder, hashes)


@pytest.mark.parametrize("change", ["more", "less"])
def test_a_file_too_many_or_too_few_is_refused(folder, change):
    hashes = hash_files(folder)
    if change == "more":
        (folder / "extra.json").write_text("{}")
    else:
        (folder / "model_index.json").unlink()
    with pytest.raises(WeightsRefused, match="is in the"):
        require_as_written(folder, hashes)


@pytest.mark.parametrize("num_bytes", [0, 4, 8, 20, 100, 111])
def test_half_a_download_is_refused(weights, num_bytes):
    weights.write_bytes(weights.read_bytes()[:num_bytes])
    with pytest.raises(WeightsRefused):
        require_safe(weights)


def test_more_than_the_header_says_is_refused(weights):
    weights.write_bytes(weights.read_bytes() + b"x")
    with pytest.raises(WeightsRefused, match="its header says"):
        require_safe(weights)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["model.safetensors", "notes.json", "model.bin"])
def test_a_pickle_is_refused_whatever_it_is_called(tmp_path, protocol, name):
    path = tmp_path / name
    path.write_bytes(pickle.dumps({"a": [1]}, protocol=protocol))
    with pytest.raises(WeightsRefused, match="pickle"):
        require_safe(path)


def test_a_zipped_pickle_is_refused_whatever_it_is_called(tmp_path):
    path = tmp_path / "model.safetensors"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}))
    with pytest.raises(WeightsRefused, match="pickle"):
        require_safe(path)


def test_code_is_refused(tmp_path):
    (tmp_path / "pipeline.py").write_text("print()")
    with pytest.raises(WeightsRefused, match="is code"):
        hash_files(tmp_path)


@given(st.binary(max_size=200))
def test_noise_is_no_header(tmp_path_factory, noise):
    path = tmp_path_factory.mktemp("noise") / "x.safetensors"
    path.write_bytes(noise)
    with pytest.raises(WeightsRefused):
        read_safetensors_header(path)
