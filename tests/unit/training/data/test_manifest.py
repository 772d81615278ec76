import pytest
from training.data import attribution, check, manifest
from training.data.packages import DataError, packages


def test_the_committed_files_agree_and_every_licence_is_allowed(rows):
    assert list(check.committed_faults(rows)) == []


def test_the_manifest_has_at_least_twelve_thousand_pictures(rows):
    assert len(rows) >= 12_000


def test_every_row_has_author_and_hashes(rows):
    assert not [row for row in rows if not row.author or len(row.render_sha256) != 64]


def test_a_foreign_licence_is_a_fault(rows, monkeypatch):
    monkeypatch.setattr(check, "LICENCES", check.LICENCES - {"MIT"})
    faults = list(check.committed_faults(rows))
    assert any("has the licence 'MIT'" in fault for fault in faults)


def test_attribution_names_every_package_with_its_number_of_pictures(rows):
    text = attribution.ATTRIBUTION.read_text()
    for package in packages().values():
        used = sum(row.package == package.name for row in rows)
        assert not used or f"| `{package.name}` | {package.version} | {used} |" in text


def test_attribution_states_the_changes_that_cc_by_asks_for():
    assert "Changes made" in attribution.ATTRIBUTION.read_text()


def test_write_and_read_give_the_same_rows(tmp_path, make_row):
    rows = [make_row(0), make_row(1, keywords=(), colours=("red", "light blue"), icon='a "b", c')]
    manifest.write(rows, tmp_path / "manifest.csv")
    assert manifest.read(tmp_path / "manifest.csv") == rows


def test_jsonl_gives_the_same_rows(tmp_path, make_row):
    rows = [make_row(0), make_row(1, keywords=())]
    manifest.write_jsonl(rows, tmp_path / "rows.jsonl")
    assert manifest.read_jsonl(tmp_path / "rows.jsonl") == rows


def test_a_row_without_a_licence_is_refused(tmp_path, make_row):
    manifest.write([make_row(0, licence="")], tmp_path / "manifest.csv")
    with pytest.raises(DataError, match="lacks a value"):
        manifest.read(tmp_path / "manifest.csv")
