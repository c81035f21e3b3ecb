"""Random numbers written in hexadecimal, whole columns at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sandbox.data.draws import Draws

Bytes = npt.NDArray[np.uint8]
PAIRS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)


def hex_digits(draws: Draws, name: str, counter: npt.NDArray[np.int64]) -> Bytes:
    """Draw 32 hexadecimal digits for each counter, as ASCII; shape (counters, 32)."""
    halves = np.stack([draws.bits(f"{name} {half}", counter) for half in (0, 1)], axis=1)
    return PAIRS[halves.astype(">u8").view(np.uint8)].view(np.uint8).reshape(len(counter), 32)


def texts_of(letters: Bytes) -> pa.Array:
    """Turn rows of ASCII letters, all of one length, into texts."""
    count, width = letters.shape
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width)
    return pa.Array.from_buffers(
        pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(letters))]
    )


def uuids(draws: Draws, row: npt.NDArray[np.int64]) -> pa.Array:
    """Write a random UUID (version 4) for each row."""
    digits = hex_digits(draws, "unique id", row)
    letters = np.full((len(row), 36), ord("-"), np.uint8)
    for start, stop, place in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        letters[:, place : place + stop - start] = digits[:, start:stop]
    letters[:, 14] = ord("4")
    letters[:, 19] = np.frombuffer(b"89ab", np.uint8)[digits[:, 16] % 4]
    return texts_of(letters)


def image_paths(draws: Draws, content: npt.NDArray[np.int64]) -> pa.Array:
    """Write `aa/bb/cc/<32 hex>.jpg`, where the folders are the first digits of the name."""
    digits = hex_digits(draws, "image", content)
    letters = np.full((len(content), 45), ord("/"), np.uint8)
    for folder in range(3):
        letters[:, 3 * folder : 3 * folder + 2] = digits[:, 2 * folder : 2 * folder + 2]
    letters[:, 9:41] = digits
    letters[:, 41:45] = np.frombuffer(b".jpg", np.uint8)
    return texts_of(letters)
