"""Files of arrays and plain text: safetensors, with a digest over every byte.

A safetensors file holds neither code nor pickles, and its reader refuses invalid
offsets, but a flipped bit in a tensor is not noticed. So the header holds a sha256
digest of the whole file, computed with zeros in place of the digest. It detects damage,
not forgery: somebody who can write a file can also write its digest.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["FormatError", "read", "write", "write_whole"]

FORMAT = 2  # increased when older files would be read wrongly
KEY = "lgta_sklearn"
MAX_HEADER = 100_000_000  # bytes, as in safetensors itself
BLANK = b"0" * 64
SEAL = re.compile(rb'"sha256":"([0-9a-f]{64})"')  # quotes within texts are escaped
CHUNK = 2**20


class FormatError(ValueError):
    """A file that is damaged, of a newer format, or not from `lgta_sklearn`."""


def write(
    path: str | os.PathLike[str],
    header: Mapping[str, Any],
    tensors: Mapping[str, np.ndarray],
) -> None:
    """Write a file; if that fails, an existing file is unchanged.

    Parameters
    ----------
    path : str or path-like
        Path of the file.
    header : mapping
        JSON values; the format number is added.
    tensors : mapping of str to ndarray
        Contiguous arrays of numbers.
    """
    from safetensors.numpy import save

    text = json.dumps({"format": FORMAT, **header}, allow_nan=False)
    content = bytearray(save(dict(tensors), {KEY: text, "sha256": BLANK.decode()}))
    place = content.index(b'"sha256":"%b"' % BLANK) + len(b'"sha256":"')
    content[place : place + len(BLANK)] = sha256(content).hexdigest().encode()
    write_whole(path, content)


def write_whole(path: str | os.PathLike[str], content: bytes | bytearray) -> None:
    """Write a file; if that fails, an existing file is unchanged.

    Parameters
    ----------
    path : str or path-like
        Path of the file.
    content : bytes
        Content of the file.
    """
    path = Path(path).resolve()  # the target of a link is replaced, not the link
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def read(
    path: str | os.PathLike[str],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file that `write` has written.

    Parameters
    ----------
    path : str or path-like
        Path of the file.

    Returns
    -------
    header : dict
        Header that was given to `write`, and ``"format"``.
    tensors : dict of str to ndarray
        Arrays that own their memory.

    Raises
    ------
    FormatError
        If the file is damaged, of a newer format, or of other origin. Nothing in it is
        executed, and no more memory is used than the size of the file.
    OSError
        If there is no such file.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    beginning = _beginning(path)
    header = _header(beginning, path)
    seal = SEAL.search(beginning)
    if seal is None or _digest(path, beginning, seal) != seal[1].decode():
        raise FormatError(
            f"{path} is damaged: its content does not match its checksum. Save the "
            "estimator again, or fetch the file anew."
        )
    try:
        with safe_open(path, framework="numpy") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{path} is damaged: {error}") from error
    return header, tensors


def _beginning(path: Path) -> bytes:
    """Return the bytes before the tensors: the length of the header, and the header."""
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        most = min(path.stat().st_size - 8, MAX_HEADER)
        if len(start) == 8 and length <= most:
            return start + file.read(length)
    raise FormatError(
        f"{path} is not a file of lgta_sklearn, or is cut short. Expected one that "
        "save() has written; pickles and joblib files are not read, since they run "
        "the code that is in them."
    )


def _header(beginning: bytes, path: Path) -> dict[str, Any]:
    """Return the header of a file if it is one of ours, in a readable format."""
    try:
        header = json.loads(json.loads(beginning[8:])["__metadata__"][KEY])
        number = header["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FormatError(
            f"{path} is damaged, or not a file of lgta_sklearn: it has no header of "
            "ours. Expected one that save() has written."
        ) from error
    if number != FORMAT:
        older = isinstance(number, int) and number < FORMAT
        cure = "Fit and save it again." if older else "Upgrade lgta_sklearn."
        raise FormatError(
            f"{path} has format {str(number)[:20]}, and this version reads format "
            f"{FORMAT}. {cure}"
        )
    return header


def _digest(path: Path, beginning: bytes, seal: re.Match[bytes]) -> str:
    """Return the digest of a file, computed with zeros in place of the digest."""
    digest = sha256(beginning[: seal.start(1)])
    digest.update(BLANK)
    digest.update(beginning[seal.end(1) :])
    for chunk in _chunks(path, len(beginning)):
        digest.update(chunk)
    return digest.hexdigest()


def _chunks(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            yield chunk
