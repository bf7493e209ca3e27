"""Classes as annotations: by where they are public, and Any where they are not."""

from __future__ import annotations

import pytest

from solvent.notebook.flow.kinds import annotation_of


@pytest.mark.parametrize(
    ("kind", "text", "needs"),
    [
        ("pandas.core.frame.DataFrame", "pd.DataFrame", "import pandas as pd"),
        ("sklearn.ensemble._forest.RandomForestClassifier", "RandomForestClassifier", "from sklearn.ensemble import"),
        ("list[pandas.DataFrame]", "list[pd.DataFrame]", "import pandas as pd"),
        ("sklearn.metrics._scorer._Scorer", "Any", ""),  # no name of it is public
        ("sklearn.tree._tree.Tree", "Any", ""),  # its package does not offer it
        ("Counter", "Any", ""),
    ],
)
def test_a_class_is_annotated_by_its_public_name(kind: str, text: str, needs: str) -> None:
    """What could not be imported by the written module is Any."""
    made = annotation_of(kind)
    assert made.text == text and made.needs.startswith(needs) and bool(made.needs) == bool(needs)
