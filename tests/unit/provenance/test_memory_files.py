import io
import json
import os
import sys

import pytest
from sealing import FACTS, encoded, read_clock

from limner.provenance import library
from limner.provenance.credential import seal
from limner.provenance.library import make_context, read_report
from limner.provenance.memory_files import KernelFile, MemoryFile
from limner.provenance.verify import CredentialState, Trust, read_credential

PNG = "image/png"
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="made for Linux")


def sealed(signer):
    return seal(encoded(PNG), PNG, FACTS, signer, read_clock=read_clock).content


def num_open_files():
    return len(os.listdir("/proc/self/fd"))


@only_linux
def test_memory_files_are_read_by_the_kernel_and_all_else_as_before():
    made = library._load().c2pa.Stream
    with made(MemoryFile(b"x")) as ours, made(io.BytesIO(b"x")) as theirs:
        assert isinstance(ours, KernelFile)
        assert not isinstance(theirs, KernelFile)


def test_the_report_on_a_file_is_the_same_either_way(signer):
    content = sealed(signer)
    context = make_context(own_roots_pem=signer.roots_pem)
    reader = library._load().Reader.try_create(PNG, io.BytesIO(content), None, context)
    with reader:
        by_callbacks = reader.json()
    assert json.loads(by_callbacks) == read_report(content, PNG, context)


def test_a_changed_file_is_told_and_so_is_one_that_is_cut_short_or_empty(signer):
    content, trust = sealed(signer), Trust(signer.roots_pem)
    changed = content[:-20] + bytes([content[-20] ^ 1]) + content[-19:]
    assert read_credential(content, PNG, trust).state is CredentialState.TRUSTED
    assert read_credential(changed, PNG, trust).state is CredentialState.TAMPERED
    assert read_credential(content[:2000], PNG, trust).state is not CredentialState.TRUSTED
    assert read_credential(b"", PNG, trust).state is CredentialState.NONE


@only_linux
def test_no_file_stays_open_after_sealing_and_reading(signer):
    sealed(signer)
    before = num_open_files()
    for _ in range(5):
        read_credential(sealed(signer), PNG, Trust(signer.roots_pem))
        read_credential(b"no picture", PNG, Trust(signer.roots_pem))
    assert num_open_files() == before


@only_linux
def test_no_file_stays_open_where_the_library_opens_no_stream():
    class Nothing:
        def open(self, _):
            raise OSError("none")

    before = num_open_files()
    with pytest.raises(OSError, match="none"):
        KernelFile(Nothing(), MemoryFile(b"x"))
    assert num_open_files() == before
