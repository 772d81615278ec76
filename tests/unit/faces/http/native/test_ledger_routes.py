"""The ledger over HTTP: verified, and exported whole with its verifier."""

import io
import zipfile


def test_an_operator_has_the_whole_ledger_recomputed(client, drawn):
    drawn()
    found = client("opal", "operate").post("/api/ledger/verify").json()
    assert (found["is_good"], found["faults"]) == (True, [])


def test_the_export_holds_its_verifier_and_no_prompt(client, drawn):
    drawn(prompt="a quixotic zebra")
    content = client("opal", "operate").get("/api/ledger/export").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert {"checkpoint", "verify.py"} <= set(names)
        assert all(b"zebra" not in archive.read(name) for name in names)


def test_nobody_else_exports(client):
    assert client().get("/api/ledger/export").status_code == 403
    assert client().post("/api/ledger/verify").status_code == 403
