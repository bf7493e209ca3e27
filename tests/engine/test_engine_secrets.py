"""A missing secret is told before anything runs that it would make useless, and only where it is needed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

import solvent as sv
from solvent.errors import RunFailed, SettingsError

RAN: list[str] = []


@dataclass(frozen=True)
class Access:
    """Where to, and with what."""

    address: str = "crm.example"
    token: sv.Secret | None = None
    more: list[sv.Secret] = field(default_factory=list)


@sv.step
def train(n: int) -> int:
    """An hour of work."""
    RAN.append("train")
    return n * 2


@sv.step
def send(n: int, *, token: sv.Secret, access: Access = Access(), flag: bool = False) -> int:
    """Needs secrets."""
    RAN.append("send")
    return n + len(token.reveal())


@sv.step(retries=3)
def tried(n: int, *, token: sv.Secret) -> int:
    """Would be tried again, if that were of use."""
    RAN.append("tried")
    return n


@sv.step
def odd(n: int) -> bool:
    """A guard."""
    return n % 2 == 1


@sv.pipeline
def flow(n: int) -> int:
    """The secret is needed last."""
    return send(train(n))


@sv.pipeline
def guarded(n: int) -> int | None:
    """The secret is needed only sometimes."""
    return sv.when(odd(n), tried, train(n))


def settings(**access):
    """Settings with a secret for the step, and more in a record."""
    return {"steps": {"send": {"token": "${secret:CRM}", "access": access}}}


@pytest.fixture(autouse=True)
def _nothing_ran():
    RAN.clear()


def test_every_missing_secret_is_told_before_the_first_step_runs(tmp_path):
    """With the setting, the line where it stands and what to do; also those inside of records and lists."""
    (tmp_path / "flow.yaml").write_text(
        "pipeline: test_engine_secrets:flow\nsteps:\n  send:\n    token: ${secret:CRM}\n"
        "    access: {token: '${secret:T}', more: ['${secret:M}']}\n"
    )
    with pytest.raises(SettingsError) as caught:
        sv.run(flow, config=tmp_path / "flow.yaml", inputs={"n": 1}, project=tmp_path)
    assert [str(one) for one in caught.value.problems] == [
        "flow.yaml:4: send.token: the secret 'CRM' is not to be found where this project keeps its secrets. Set it "
        "there, or say under 'secrets' in solvent.toml where it is (the environment, if nothing is said).",
        *(str(one) for one in caught.value.problems[1:]),
    ]
    assert ["'T'" in str(one) or "'M'" in str(one) for one in caught.value.problems[1:]] == [True, True]
    assert RAN == [] and sv.open(tmp_path).runs() == []


def test_a_step_that_is_reused_needs_no_secret(tmp_path, monkeypatch):
    """Who shares an archive need not hold all; a step that has to run after all fails before it is called."""
    monkeypatch.setenv("CRM", "12345")
    assert sv.run(flow, config=settings(), inputs={"n": 1}, project=tmp_path).value() == 7
    monkeypatch.delenv("CRM")
    RAN.clear()
    assert sv.run(flow, config=settings(), inputs={"n": 1}, project=tmp_path).value() == 7
    changed = settings()
    changed["steps"]["send"]["flag"] = True
    with pytest.raises(RunFailed, match="step 'send': SettingsError: .*'CRM' is not to be found"):
        sv.run(flow, config=changed, inputs={"n": 1}, project=tmp_path)
    assert RAN == []
    with pytest.raises(SettingsError, match="'CRM' is not to be found"):
        sv.run(flow, config=settings(), inputs={"n": 1}, rerun="send", project=tmp_path)


def test_a_guarded_step_needs_its_secret_only_if_it_runs_and_is_not_tried_again_without(tmp_path):
    """What may be skipped stops nothing; and a missing secret is not there a second later either."""
    config = {"steps": {"tried": {"token": "${secret:CRM}"}}}
    assert sv.run(guarded, config=config, inputs={"n": 2}, project=tmp_path).value() is None
    with pytest.raises(RunFailed, match="'CRM' is not to be found"):
        sv.run(guarded, config=config, inputs={"n": 1}, project=tmp_path)
    assert RAN == ["train", "train"]


def test_a_plan_can_be_made_without_the_secrets(tmp_path):
    """It is made where nothing runs: in a pull request, or for an orchestrator."""
    from solvent.engine.planning.plan import make_plan
    from solvent.engine.running import request_of

    plan = make_plan(request_of(flow, settings(), inputs={"n": 1}), sv.open(tmp_path))
    assert "${secret:CRM}" not in str(plan.to_json()["nodes"]) and list(plan.settings.secrets()) == ["CRM"]


@dataclass(frozen=True, slots=True)
class Host:
    """A base with slots."""

    password: sv.Secret | None = None


@dataclass(frozen=True, slots=True)
class Replica(Host):
    """Its own slots are not those that it inherits."""

    lag: int = 0


@sv.step
def mirror(n: int, *, host: Replica) -> int:
    """Needs what the base holds."""
    RAN.append("mirror")
    return n


@sv.pipeline
def mirrored(n: int) -> int:
    """The secret is needed last."""
    return mirror(train(n))


def test_a_secret_in_inherited_slots_is_demanded_too(tmp_path, monkeypatch):
    """Before anything runs."""
    monkeypatch.delenv("NO_SUCH_SECRET", raising=False)
    RAN.clear()
    config = {"steps": {"mirror": {"host": {"password": "${secret:NO_SUCH_SECRET}", "lag": 1}}}}
    with pytest.raises((SettingsError, RunFailed), match="NO_SUCH_SECRET"):
        sv.run(mirrored, config=config, inputs={"n": 1}, project=tmp_path)
    assert RAN == []
