"""Verifies an exported ledger, or one proof from it, with nothing but Python 3.11.

    python verify.py FOLDER_OR_PROOF KEY [WITNESS_KEY ...] [EARLIER_CHECKPOINT]

Apart from the program that keeps it, after RFC 9162, RFC 8032 and c2sp.org. Nothing under the
checkpoint was changed, nor under an earlier one; whether it was true it cannot show. Exits 0 or 4.
"""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

P, Q = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:  # RFC 8032 section 5.1.4
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, d - c, d + c, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def _point(coded: bytes) -> Point:  # RFC 8032 section 5.1.3
    y, sign = int.from_bytes(coded, "little") % 2**255, coded[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        raise ValueError("A key or signature is no point of the curve.")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an Ed25519 signature is good, RFC 8032 section 5.1.7."""
    a, r, base = _point(public), _point(signature[:32]), _point(b"\x58" + b"\x66" * 31)
    s, minus_a = int.from_bytes(signature[32:], "little"), (P - a[0], a[1], 1, P - a[3])
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % Q
    total: Point = (0, 1, 1, 0)  # becomes s times the base, less k times the key: r, if it is good
    for bit in reversed(range(256)):
        total = _add(total, total)
        total = _add(total, base) if s >> bit & 1 else total
        total = _add(total, minus_a) if k >> bit & 1 else total
    is_same = all((total[i] - r[i] * total[2]) % P == 0 for i in (0, 1))
    return is_same and s < Q and len(signature) == 64


def read_checkpoint(note: str, keys: Sequence[str] = ()) -> tuple[str, int, bytes]:
    """Origin, number of entries and root of a checkpoint that every key has signed."""
    text, _, lines = note.rpartition("\n\n")
    for name, key_id, coded in (key.strip().split("+", 2) for key in keys):
        kind, public = base64.b64decode(coded)[0], base64.b64decode(coded)[1:]
        found = [one[len(name) + 3 :] for one in lines.splitlines() if one.startswith(f"— {name} ")]
        good = [one[4:] for one in map(base64.b64decode, found) if one[:4].hex() == key_id]
        message = f"{text}\n"
        if good and kind == 4:  # a cosignature, which has its time in front
            message = f"cosignature/v1\ntime {int.from_bytes(good[0][:8], 'big')}\n{message}"
            good = [good[0][8:]]
        if not good or not is_signed(public, message.encode(), good[0]):
            raise ValueError(f"The checkpoint is not signed by {name}+{key_id}+{coded}.")
    origin, size, root = text.split("\n")[:3]
    return origin, int(size), base64.b64decode(root)


def _hash(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _root(hashes: list[bytes]) -> bytes:  # what has no neighbour goes up as it is
    while len(hashes) > 1:
        pairs, odd = zip(hashes[::2], hashes[1::2], strict=False), hashes[len(hashes) & ~1 :]
        hashes = [_hash(b"\x01", left, right) for left, right in pairs] + odd
    return hashes[0] if hashes else _hash()


def _tiles(folder: Path, level: str, size: int) -> Iterator[bytes]:
    for number in range((size + 255) // 256):
        parts = [f"x{number // 10**6:03d}", f"x{number // 1000 % 1000:03d}", f"{number % 1000:03d}"]
        path = "/".join(parts[2 - (number >= 1000) - (number >= 10**6) :])
        width = min(256, size - number * 256)
        yield (folder / "tile" / level / (path + f".p/{width}" * (width < 256))).read_bytes()


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for bundle in _tiles(folder, "entries", size):
        while bundle:
            end = 2 + int.from_bytes(bundle[:2], "big")
            yield bundle[2:end] if end <= len(bundle) else b""  # what is cut short was not signed
            bundle = bundle[end:]


def check_folder(folder: Path, keys: Sequence[str], earlier: str | None = None) -> str:
    """What holds for an exported ledger; ValueError if anything in it does not."""
    note = (folder / "checkpoint").read_text("utf-8")
    origin, size, root = read_checkpoint(note, keys)
    hashes = [_hash(b"\x00", one) for one in _entries(folder, size)]
    if len(hashes) != size or _root(hashes) != root:
        raise ValueError("The entries are not those that were signed.")
    old_origin, old_size, old_root = read_checkpoint(earlier or note)
    if old_origin != origin or old_size > size or _root(hashes[:old_size]) != old_root:
        raise ValueError(f"It was cut short, rewritten or forked: it had {old_size} other entries.")
    for level in range(8):
        if b"".join(_tiles(folder, str(level), len(hashes))) != b"".join(hashes):
            raise ValueError(f"The tiles of level {level} are not those of the entries.")
        hashes = [_root(hashes[k - 256 : k]) for k in range(256, len(hashes) + 1, 256)]
    return f"{origin} has {size} entries, and none was changed."


def check_proof(path: Path, keys: Sequence[str], earlier: str | None = None) -> str:
    """The entry that a proof is about; ValueError if it is not under the checkpoint."""
    head, _, note = path.read_text("utf-8").partition("\n\n")
    if earlier is not None:
        raise ValueError("Only a whole ledger can be held against an earlier checkpoint.")
    lines, (_, size, root) = head.split("\n"), read_checkpoint(note, keys)
    entry, position, last = base64.b64decode(lines[1][6:]), int(lines[2][6:]), size - 1
    reached, first = _hash(b"\x00", entry), position
    for other in map(base64.b64decode, lines[3:]):  # RFC 9162 section 2.1.3.2
        is_right = first & 1 or first == last
        reached = _hash(b"\x01", *((other, reached) if is_right else (reached, other)))
        while is_right and first and not first & 1:
            first, last = first >> 1, last >> 1
        first, last = first >> 1, last >> 1
    if not 0 <= position < size or last or reached != root:
        raise ValueError("The entry is not in the ledger that was signed.")
    return f"This is entry {position}: {entry.decode()}"


def main(path: Path, *others: str) -> int:
    """Verify what lies at `path`, say so, and give the exit code."""
    keys, code = [one for one in others if one.count("+") > 1], 0
    try:
        files = [Path(one).read_text("utf-8") for one in others if one not in keys]
        if not keys:
            raise ValueError("Give the ledger's key, from another place than the ledger.")
        said = (check_folder if path.is_dir() else check_proof)(path, keys, *files)
    except (ValueError, OSError, LookupError, TypeError) as error:
        said, code = str(error), 4
    sys.stdout.write(f"{'BROKEN' if code else 'Good'}. {said}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]) if len(sys.argv) > 1 else __doc__)
