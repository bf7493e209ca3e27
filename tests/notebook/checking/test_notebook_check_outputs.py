"""What counts as the same output, and what does not."""

from __future__ import annotations

import base64
import io

import pytest

from solvent.notebook.checking.rules.outputs import compare_outputs


def printed(text: str) -> list[dict[str, object]]:
    return [{"output_type": "stream", "name": "stdout", "text": text}]


def shown(**data: object) -> list[dict[str, object]]:
    return [{"output_type": "execute_result", "data": {name.replace("_", "/"): one for name, one in data.items()}}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a  b\n", "a b"),
        ("0.1234567891", "0.1234567892"),
        ("score 0.123456", "score 0.123457"),
        ("<Thing at 0x7f12ab34cd56>", "<Thing at 0x7f00ab34cd99>"),
        ("took 1.3 s", "took 2.4 s"),
        ("Wall time: 3 ms", "Wall time: 8 ms"),
        ("100%|####| 3/3 [00:01<00:00, 2.1it/s]", "100%|####| 3/3 [00:02<00:00, 1.1it/s]"),
        ("1%\r50%\rdone", "done"),
        ("[np.float64(0.5)]", "[0.5]"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("1,234", "1234"),
        ("array([0, 1], dtype=int64)", "array([0, 1])"),
        ("array(['a', 'b'], dtype=object)", "<ArrowStringArray>\n['a', 'b']\nLength: 2, dtype: str"),
        ("array([0, 1, ..., 8, 9])", "array([0, 1, ..., 8, 9], shape=(1797,))"),
        (
            "<4x5 sparse matrix of type '<class 'numpy.int64'>'\n\twith 9 stored elements in Compressed Sparse Row>",
            "<Compressed Sparse Row sparse matrix of dtype 'int64'\n\twith 9 stored elements and shape (4, 5)>",
        ),
        ("<matplotlib.text.Text at 0x7f12ab34cd56>", "Text(95.8, 0.5, 'Truth (of all)')"),
        ("<matplotlib.figure.Figure at 0x7f12ab34cd56>", "<Figure size 640x480 with 0 Axes>"),
        ("x    2\ny    1\nName: place, dtype: int64", "place\nx    2\ny    1\nName: count, dtype: int64"),
        ("x    2\nName: p, Length: 9, dtype: int64", "p\nx    2\nName: count, Length: 9, dtype: int64"),
    ],
)
def test_what_cannot_be_the_same_is_left_out(one, other):
    """Rounding, addresses, timings, progress, colours and the ways of other versions are no difference."""
    assert compare_outputs(printed(one), printed(other), 1e-6) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("0.85", "0.86"), ("a", "b"), ("1 2", "1 2 3"), ("", "a"), ("100 rows", "101 rows"), ("0.123456", "0.123476")],
)
def test_what_is_different_is_told(one, other):
    """Other numbers, words, and more or fewer of them."""
    assert compare_outputs(printed(one), printed(other), 1e-6) is not None


def test_tables_are_compared_cell_by_cell():
    """Numbers within the tolerance, the column named where one is not; marks and styles do not matter."""
    table = (
        "<style>.a{{}}</style><table id='{0}'><tr><th></th><th>price</th></tr><tr><th>0</th><td>{1}</td></tr></table>"
    )
    one = shown(text_html=table.format("T_1", "3.00000001"), text_plain="x")
    assert compare_outputs(one, shown(text_html=table.format("T_2", "3.0"), text_plain="y"), 1e-6) is None
    found = compare_outputs(one, shown(text_html=table.format("T_2", "4.0"), text_plain="x"), 1e-6)
    assert found is not None and "price" in found.one


def test_a_type_that_newer_packages_call_otherwise_is_drift():
    """`object` that became `str` is told as that."""
    found = compare_outputs(printed("name  object\nage  int64"), printed("name  str\nage  int64"), 1e-6)
    assert found is not None and found.drift


def test_pictures_that_cannot_be_looked_at_are_compared_by_size_and_bytes():
    """A picture of another shape may be another version's, one of about as many bytes is the same."""

    def picture(width: int, size: int) -> list[dict[str, object]]:
        head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + width.to_bytes(4, "big") + (100).to_bytes(4, "big")
        return shown(image_png=base64.b64encode(head + b"x" * size).decode(), text_plain="<Figure>")

    assert compare_outputs(picture(100, 500), picture(100, 510), 1e-6) is None
    wider = compare_outputs(picture(100, 500), picture(200, 500), 1e-6)
    assert wider is not None and wider.drift
    assert compare_outputs(picture(100, 500), picture(100, 5000), 1e-6) is not None


def test_widgets_warnings_and_estimators_are_not_compared():
    """What only a browser shows, what goes to the error stream, and parameters that a version shows or not."""
    warned = [{"output_type": "stream", "name": "stderr", "text": "old!"}]
    widget = [{"output_type": "display_data", "data": {"application/vnd.jupyter.widget-view+json": {}}}]
    assert compare_outputs([], warned, 1e-6) is None
    assert compare_outputs(widget, [], 1e-6) is None
    assert compare_outputs(shown(text_plain="Ridge(alpha=1, tol=0.1)"), shown(text_plain="Ridge()"), 1e-6) is None


def drawn(height: float, **how: object) -> list[dict[str, object]]:
    """A plot as an output of a cell."""
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure(**how)
    axis = figure.add_subplot()
    axis.plot([0, 1, 2], [0, height, 1])
    axis.set_ylim(0, 4)
    held = io.BytesIO()
    figure.savefig(held, format="png")
    return [{"output_type": "display_data", "data": {"image/png": base64.b64encode(held.getvalue()).decode()}}]


def test_two_runs_draw_the_same_pixels():
    """Another line is another picture; a hundredth of it is not; another size is."""
    assert compare_outputs(drawn(3), drawn(3), 1e-6, here=True) is None
    assert compare_outputs(drawn(3), drawn(3.002), 1e-6, here=True) is None
    found = compare_outputs(drawn(3), drawn(2), 1e-6, here=True)
    assert found is not None and "is drawn otherwise" in found.told("and") and not found.drift
    assert compare_outputs(drawn(3), drawn(3, dpi=50), 1e-6, here=True) is not None


def test_what_was_saved_elsewhere_may_be_drawn_a_little_otherwise():
    """Another version smooths lines in its own way, and another screen has another resolution."""
    assert compare_outputs(drawn(3), drawn(2.9), 1e-6) is None
    assert compare_outputs(drawn(3), drawn(3, dpi=50), 1e-6) is None
    assert compare_outputs(drawn(3), drawn(3, facecolor="black"), 1e-6) is not None
