"""Models, versions and aliases in the catalog."""

from __future__ import annotations

from pathlib import Path

import pytest

from solvent.archive.catalog import models
from solvent.archive.catalog.connection import Catalog
from solvent.errors import NotFound, UsageError


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path / "catalog.db")


def said(status: models.Status, run: str = "delays-1", **figures: float) -> models.JudgementRow:
    return models.JudgementRow(status, 1.0, "ada", run, figures)


def add(catalog: Catalog, bundle: str, status: models.Status = "accepted") -> int:
    with catalog.write() as tx:
        version = models.register_version(tx, models.NewVersion("delays", bundle, "ada", 1.0, "delays-1"))
        models.judge_version(tx, "delays", version, said(status, roc_auc=0.7))
    return version


def move(catalog: Catalog, version: int, **changes: object) -> bool:
    wish = models.Move("delays", "champion", "ada", 2.0, person=bool(changes.pop("person", False)))
    with catalog.write() as tx:
        return models.move_alias(tx, wish, version, **changes)  # type: ignore[arg-type]


def test_a_bundle_has_one_version_number_however_often_it_is_registered(catalog: Catalog) -> None:
    """Versions count up from 1, and the same bundle keeps its number."""
    assert [add(catalog, "aa"), add(catalog, "bb"), add(catalog, "aa")] == [1, 2, 1]
    assert [row.version for row in models.list_versions(catalog, "delays")] == [2, 1]
    found = models.find_bundle(catalog, "delays", "bb")
    assert found is not None and found.version == 2 and found.judgement == {"roc_auc": 0.7}


def test_an_alias_moves_only_from_where_it_was_seen(catalog: Catalog) -> None:
    """Of two that saw the same champion only the first moves it."""
    first, second = add(catalog, "aa"), add(catalog, "bb")
    assert move(catalog, first, expected=None)
    assert not move(catalog, second, expected=None)
    assert move(catalog, second, expected=first)
    now = models.alias_version(catalog, "delays", "champion")
    assert now is not None and now.version == second
    assert [(one.kind, one.version, one.before) for one in models.alias_history(catalog, "delays")] == [
        ("promote", 2, 1),
        ("promote", 1, None),
    ]


def test_moving_an_alias_to_where_it_is_leaves_no_trace(catalog: Catalog) -> None:
    """A second promotion of the champion logs nothing."""
    version = add(catalog, "aa")
    assert move(catalog, version) and move(catalog, version)
    assert len(models.alias_history(catalog, "delays", "champion")) == 1


def test_a_rollback_withdraws_and_a_pipeline_cannot_promote_it_again(catalog: Catalog) -> None:
    """After a rollback the version before serves, and only a person brings the withdrawn one back."""
    first, second = add(catalog, "aa"), add(catalog, "bb")
    move(catalog, first)
    move(catalog, second)
    with catalog.write() as tx:
        assert models.roll_back(tx, models.Move("delays", "champion", "ada", 3.0, reason="late")) == (second, first)
    assert models.find_version(catalog, "delays", second).status == "withdrawn"
    with catalog.write() as tx:  # judged again by a later run of the same pipeline: still withdrawn
        models.judge_version(tx, "delays", second, said("accepted"))
    assert not move(catalog, second)
    assert models.find_version(catalog, "delays", alias="champion").version == first
    assert move(catalog, second, person=True)
    assert models.find_version(catalog, "delays", alias="champion").status == "accepted"


def test_rolling_back_passes_over_what_was_withdrawn(catalog: Catalog) -> None:
    """Three versions, two rollbacks: the first one serves; a third has nowhere to go."""
    for bundle in ("aa", "bb", "cc"):
        move(catalog, add(catalog, bundle))
    wish = models.Move("delays", "champion", "ada", 3.0)
    with catalog.write() as tx:
        assert models.roll_back(tx, wish) == (3, 2)
        assert models.roll_back(tx, wish) == (2, 1)
        with pytest.raises(NotFound, match="nothing good came before"):
            models.roll_back(tx, wish)


def test_a_refused_version_is_kept_but_never_promoted_by_a_pipeline(catalog: Catalog) -> None:
    """What the gates refused stays in the list with its judgement."""
    version = add(catalog, "aa", status="refused")
    assert not move(catalog, version)
    assert models.find_version(catalog, "delays", version).status == "refused"
    assert models.list_aliases(catalog, "delays") == []


def test_unknown_names_are_answered_with_the_known_ones(catalog: Catalog) -> None:
    """A misspelt model, alias or version says what there is."""
    with pytest.raises(NotFound, match="No model has been registered"):
        models.find_version(catalog, "delays", alias="champion")
    move(catalog, add(catalog, "aa"))
    with pytest.raises(NotFound, match="Did you mean 'delays'"):
        models.find_version(catalog, "delay", alias="champion")
    with pytest.raises(NotFound, match="It has: champion"):
        models.find_version(catalog, "delays", alias="challenger")
    with pytest.raises(NotFound, match="It has: v1"):
        models.find_version(catalog, "delays", 7)
    with pytest.raises(UsageError, match="no version v9"):
        move(catalog, 9)


def test_stricter_gates_do_not_undo_an_acceptance_and_every_judgement_is_kept(catalog: Catalog) -> None:
    """A refusal that was tried on the champion is in its history; it stays accepted, with what let it pass."""
    version = add(catalog, "aa")
    assert move(catalog, version)
    with catalog.write() as tx:
        models.judge_version(tx, "delays", version, said("refused", "delays-2", roc_auc=0.1))
    found = models.find_version(catalog, "delays", alias="champion")
    assert found.status == "accepted" and found.judgement == {"roc_auc": 0.7}
    judged = models.list_judgements(catalog, "delays", version)
    assert [(one.status, one.run, one.judgement) for one in judged] == [
        ("refused", "delays-2", {"roc_auc": 0.1}),
        ("accepted", "delays-1", {"roc_auc": 0.7}),
    ]


def test_what_was_refused_is_accepted_when_gates_let_it_pass(catalog: Catalog) -> None:
    """The later judgement counts then."""
    version = add(catalog, "aa", status="refused")
    add(catalog, "aa")
    found = models.find_version(catalog, "delays", version)
    assert found.status == "accepted" and len(models.list_judgements(catalog, "delays", version)) == 2
