import pytest
from sealing import FACTS, encoded, read_clock

from limner.provenance.certificates import pem_of
from limner.provenance.credential import seal
from limner.provenance.keys import KeyFolder
from limner.provenance.signers import own_signer
from limner.provenance.verify import Trust


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """The keys of one install."""
    return KeyFolder(tmp_path_factory.mktemp("keys") / "seal").open(read_clock())


@pytest.fixture(scope="session")
def other_keys(tmp_path_factory):
    """The keys of another install, which the first does not know."""
    return KeyFolder(tmp_path_factory.mktemp("other") / "seal").open(read_clock())


@pytest.fixture(scope="session")
def signer(keys):
    return own_signer(keys)


@pytest.fixture(scope="session")
def trust(keys):
    return Trust(pem_of(keys.root).decode())


@pytest.fixture(scope="session")
def sealed(signer):
    """A sealed file of every type, by media type; sealed once."""
    made = {}

    def of(media_type):
        if media_type not in made:
            made[media_type] = seal(
                encoded(media_type), media_type, FACTS, signer, read_clock=read_clock
            )
        return made[media_type]

    return of
