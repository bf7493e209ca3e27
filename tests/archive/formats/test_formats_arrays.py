"""Arrays come back by value: type, shape and bits count, memory layout does not."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import numpy as np
import pytest
from format_suite import Case, FormatSuite, Memory
from hypothesis import given, settings
from hypothesis.extra import numpy as nps
from scipy import sparse

from solvent.archive.formats import BUILTIN, Formats
from solvent.errors import Corrupted, NoFormat

PADDED = np.dtype({"names": ["a", "b"], "formats": ["u1", "<f8"], "offsets": [3, 8], "itemsize": 24})


def equal(one: Any, other: Any) -> bool:
    """Of one type and shape, and equal to the last bit, but for one NaN being as good as another."""
    if type(one) is not type(other) or one.dtype != other.dtype or one.shape != other.shape:
        return False
    if one.dtype.names:
        return all(equal(one[name], other[name]) for name in one.dtype.names)
    if one.dtype.kind in "fc":
        return all(
            np.array_equal(a, b, equal_nan=True)
            and np.array_equal(np.signbit(a) & ~np.isnan(a), np.signbit(b) & ~np.isnan(b))
            for a, b in ((one.real, other.real), (one.imag, other.imag))
        )
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "mM"))


def spoil(array: Any) -> None:
    """Change an array in place."""
    array[...] = array.ravel()[-1] if array.dtype.kind in "UMmb" else 1
    array.ravel()[:1] = np.zeros(1, array.dtype)


def _nested() -> Any:
    kind = np.dtype([("id", "<i4"), ("place", [("x", "<f8"), ("y", "<f4", (2,))]), ("name", "<U3")])
    made = np.zeros(3, kind)
    made["place"]["x"], made["name"] = np.nan, "äöü"
    return made


ARRAYS: dict[str, Any] = {
    "floats": lambda: np.linspace(0, 1, 1000).reshape(10, 100),
    "many": lambda: np.arange(200_000, dtype="f4"),
    "nan and zeros": lambda: np.array([np.nan, -np.nan, 0.0, -0.0, np.inf]),
    "no dimension": lambda: np.array(2.5),
    "empty": lambda: np.empty((0, 3), "i2"),
    "wide and empty": lambda: np.empty((0, 10**12), "i1"),
    "bools": lambda: np.array([True, False]),
    "complex": lambda: np.array([1 + 2j, complex(np.nan, -0.0)], "c8"),
    "half": lambda: np.array([1.5], "f2"),
    "text": lambda: np.array(["a", "日本", ""]),
    "bytes": lambda: np.array([b"a", b"abc"]),
    "times": lambda: np.array(["2013-01-01", "NaT"], "M8[ns]"),
    "durations": lambda: np.array([1, 2], "m8[s]"),
    "raw": lambda: np.array([b"\0\1", b"\2\3"], "V2"),
    "records": _nested,
    "huge ints": lambda: np.array([2**63], "u8"),
}


class TestArrays(FormatSuite):
    """The contract, over arrays and scalars."""

    cases: ClassVar = {
        name: Case(make, spoil if name in ("floats", "many", "text", "times", "no dimension") else None, same=equal)
        for name, make in ARRAYS.items()
    } | {
        "scalar": Case(lambda: np.float64(2.5)),
        "scalar nan": Case(lambda: np.float32("nan"), same=equal),
        "scalar int": Case(lambda: np.int8(-3)),
        "scalar bool": Case(lambda: np.bool_(True)),
        "scalar text": Case(lambda: np.str_("ä")),
        "scalar time": Case(lambda: np.datetime64("2013-01-01T00:00", "m")),
        "inside": Case(
            lambda: {"a": [np.arange(3), np.float64(1)]}, same=lambda a, b: json.dumps(str(a)) == json.dumps(str(b))
        ),
    }


def _matrix() -> Any:
    return sparse.random(30, 20, density=0.2, format="coo", rng=np.random.default_rng(1))


def _same_matrix(one: Any, other: Any) -> bool:
    return (
        type(one) is type(other)
        and one.dtype == other.dtype
        and one.shape == other.shape
        and not (one - other).toarray().any()
    )


def _spoil_matrix(matrix: Any) -> None:
    matrix.data[:] = 9.0


class TestSparse(FormatSuite):
    """The contract, over sparse matrices of all kinds."""

    cases: ClassVar = {
        kind: Case(
            lambda kind=kind: _matrix().asformat(kind), _spoil_matrix if kind[0] == "c" else None, same=_same_matrix
        )
        for kind in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr")
    } | {
        "array": Case(lambda: sparse.csr_array(np.eye(5, dtype="i4")), same=_same_matrix),
        "empty matrix": Case(lambda: sparse.csr_matrix((3, 0)), same=_same_matrix),
    }


def test_memory_layout_is_no_identity(memory: Memory) -> None:
    """Order, strides, byte order, alignment and read-only views of equal values have one digest."""
    base = np.arange(12.0).reshape(3, 4)
    frozen = base.copy()
    frozen.flags.writeable = False
    alike = [
        base,
        np.asfortranarray(base),
        base.astype(">f8"),
        np.repeat(base, 2, axis=1)[:, ::2],
        frozen,
        base[::-1][::-1],
    ]
    assert len({memory.put(one)["digest"] for one in alike}) == 1
    different = [base.T, base.astype("f4"), base.ravel(), base + 1, base[0], base.astype("i8"), base.tolist()]
    assert len({memory.put(one)["digest"] for one in [base, *different]}) == 1 + len(different)
    assert memory.put(np.array(2.5))["digest"] != memory.put(np.float64(2.5))["digest"] != memory.put(2.5)["digest"]


def test_what_lies_between_fields_and_behind_nan_is_no_identity(memory: Memory) -> None:
    """Padding and NaN payloads are whatever memory held; they are written as one."""
    noisy = np.frombuffer(np.random.default_rng(0).bytes(24 * 5), PADDED).copy()
    clean = np.zeros(5, PADDED)
    for name in ("a", "b"):
        noisy[name] = clean[name] = np.arange(5)
    assert noisy.tobytes() != clean.tobytes()
    assert memory.put(noisy)["digest"] == memory.put(clean)["digest"]
    payload = np.array([0x7FF8000000000123, 0xFFF8000000000000], "u8").view("f8")
    assert memory.put(payload)["digest"] == memory.put(np.array([np.nan, np.nan]))["digest"]
    assert memory.put(np.array([2, 0], "u1").view("?"))["digest"] == memory.put(np.array([True, False]))["digest"]


def test_each_consumer_may_write_to_its_own(memory: Memory) -> None:
    """What is read, or handed on, is writable and alone."""
    array = np.arange(100_000.0)
    keep = memory.write(array).keep
    assert keep is not None
    for made in (keep(Any), keep(Any), memory.again(array)):
        assert made.flags.writeable and made[1] == 1.0
        made[:] = 0
        assert array[1] == 1.0


def test_a_large_array_is_an_npy_file(memory: Memory) -> None:
    """Any tool reads the blob."""
    body = memory.put(np.arange(5000))["body"]
    assert np.array_equal(np.load(memory.path(body["npy"])), np.arange(5000))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: np.array([object()]), "Python objects"),
        (lambda: np.array([("a", None)], dtype=[("x", "U1"), ("y", "O")]), "Python objects"),
        (lambda: np.array(["a"], dtype=np.dtypes.StringDType()), "Python objects"),
        (lambda: np.ma.array([1.0], mask=[True]), "masked"),
        (lambda: np.array([1.0], np.longdouble), "machine to machine"),
        (lambda: np.rec.array([(1,)], dtype=[("a", "i4")]), "asarray"),
        (lambda: sparse.coo_array(np.ones(3)), "1 dimensions"),
    ],
)
def test_arrays_that_cannot_be_kept_say_why(memory: Memory, make: Any, says: str) -> None:
    """Objects are never pickled; special arrays are named with the way out."""
    with pytest.raises(NoFormat, match=says):
        memory.put({"array": make()})


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [10**12]}, {"shape": [-1]}, {"shape": [2.5]}, {"shape": ["x"]}, {"dtype": "O"},
        {"dtype": "|O8"}, {"dtype": "<f4"},
        {"dtype": "os.system"}, {"dtype": [["a", "O", []]]}, {"dtype": {"names": ["a"]}}, {"shape": [1] * 100},
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [10, 5000])
def test_a_record_that_claims_something_else_is_refused(memory: Memory, change: Any, size: int) -> None:
    """Claims are compared with the bytes before anything is allocated; no type brings objects in."""
    document = memory.put(np.arange(size))
    document["body"].update(change)
    with pytest.raises(Corrupted):
        memory.read(document)


def test_a_forged_npy_header_is_refused(memory: Memory) -> None:
    """The file's own header may not disagree with the record."""
    import io

    document = memory.put(np.arange(5000))
    for array in (np.arange(5000.0), np.arange(4999), np.array([object()] * 10)):
        out = io.BytesIO()
        np.save(out, array, allow_pickle=True)
        document["body"]["npy"] = memory.blob(out.getvalue())
        with pytest.raises(Corrupted):
            memory.read(document)
    document["body"]["npy"] = memory.blob(b"\x93NUMPY" + b"\xff" * 100)
    with pytest.raises(Corrupted):
        memory.read(document)


def test_forged_sparse_indices_are_refused(memory: Memory) -> None:
    """An index outside of the matrix would be followed by native code."""
    document = memory.put(sparse.csr_matrix(np.eye(4)))
    document["body"]["shape"] = [4, 2]
    with pytest.raises(Corrupted):
        memory.read(document)


def test_duplicates_and_order_of_entries_are_no_identity(memory: Memory) -> None:
    """A sparse matrix is known by its sums, however its entries were given."""
    one = sparse.coo_matrix(([1.0, 2.0, 3.0], ([0, 0, 1], [1, 1, 0])), shape=(2, 2))
    other = sparse.coo_matrix(([3.0, 3.0], ([1, 0], [0, 1])), shape=(2, 2))
    assert memory.put(one)["digest"] == memory.put(other)["digest"]
    assert memory.put(one)["digest"] != memory.put(one.tocsr())["digest"]


_kinds = (
    nps.floating_dtypes(sizes=(16, 32, 64), endianness="?") | nps.integer_dtypes(endianness="?") | nps.boolean_dtypes()
    | nps.unicode_string_dtypes(max_len=5) | nps.datetime64_dtypes(endianness="?")
    | nps.complex_number_dtypes(sizes=(64, 128))
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(array=nps.arrays(_kinds, nps.array_shapes(min_dims=0, min_side=0)))
def test_any_array_comes_back(array: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever its type and shape, in native byte order."""
    memory = Memory(Formats(BUILTIN), tmp_path_factory.getbasetemp())
    document = memory.put(array)
    back = memory.read(document)
    assert equal(back, array.astype(array.dtype.newbyteorder("=")))
    assert memory.put(back)["digest"] == document["digest"]
