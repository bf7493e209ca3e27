"""The catalog's schema: plain SQL that SQLite and PostgreSQL both understand, as forward migrations.

Times are seconds since 1970 in UTC; digests are hexadecimal text; what has structure is JSON text. ``texts``
holds everything long and often repeated (plans, settings, closures, environments, diffs, logs) once, by digest.
"""

from __future__ import annotations

__all__ = ["MIGRATIONS"]

_START = """
CREATE TABLE texts (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started REAL NOT NULL,
    ended REAL,
    heartbeat REAL NOT NULL,
    user_name TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_started TEXT NOT NULL,
    boot TEXT NOT NULL,
    record TEXT NOT NULL,
    plan TEXT NOT NULL,
    whole INTEGER NOT NULL,
    seed INTEGER,
    same_as INTEGER,
    result TEXT,
    error TEXT
);
CREATE INDEX runs_plan ON runs (plan, whole, status);
CREATE INDEX runs_pipeline ON runs (pipeline, id);
CREATE INDEX runs_status ON runs (status);
CREATE TABLE step_runs (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    path TEXT NOT NULL,
    item TEXT NOT NULL,
    kind TEXT NOT NULL,
    step TEXT NOT NULL,
    status TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    key TEXT,
    reusable INTEGER NOT NULL,
    fingerprint TEXT,
    settings TEXT,
    started REAL NOT NULL,
    ended REAL,
    cpu REAL,
    peak_mb REAL,
    reused_from INTEGER,
    log TEXT,
    notes TEXT,
    error TEXT,
    UNIQUE (run, path, item)
);
CREATE INDEX step_runs_key ON step_runs (key, id) WHERE reusable = 1;
CREATE INDEX step_runs_path ON step_runs (path, id);
CREATE TABLE outputs (
    step_run INTEGER NOT NULL REFERENCES step_runs (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (step_run, name)
);
CREATE INDEX outputs_digest ON outputs (digest);
CREATE TABLE inputs (
    step_run INTEGER NOT NULL REFERENCES step_runs (id),
    name TEXT NOT NULL,
    place TEXT NOT NULL,
    digest TEXT NOT NULL,
    producer INTEGER,
    PRIMARY KEY (step_run, name, place)
);
CREATE INDEX inputs_digest ON inputs (digest);
CREATE INDEX inputs_producer ON inputs (producer);
CREATE TABLE discovered (
    step_run INTEGER NOT NULL REFERENCES step_runs (id),
    path TEXT NOT NULL,
    digest TEXT,
    place TEXT NOT NULL,
    PRIMARY KEY (step_run, path)
);
CREATE TABLE figures (
    step_run INTEGER NOT NULL REFERENCES step_runs (id),
    name TEXT NOT NULL,
    step INTEGER NOT NULL,
    place INTEGER NOT NULL,
    kind TEXT NOT NULL,
    number REAL,
    text TEXT,
    PRIMARY KEY (step_run, name, step, place)
);
CREATE TABLE artifacts (
    digest TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    body TEXT,
    body_blob TEXT,
    size INTEGER NOT NULL,
    facts TEXT NOT NULL,
    created REAL NOT NULL
);
CREATE TABLE artifact_blobs (
    artifact TEXT NOT NULL,
    blob TEXT NOT NULL,
    PRIMARY KEY (artifact, blob)
);
CREATE INDEX artifact_blobs_blob ON artifact_blobs (blob);
CREATE TABLE blobs (
    digest TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    data BLOB,
    boot TEXT,
    present INTEGER NOT NULL
);
CREATE INDEX blobs_absent ON blobs (present) WHERE present = 0;
CREATE TABLE sources (
    spec TEXT NOT NULL,
    version TEXT NOT NULL,
    artifact TEXT NOT NULL,
    seen REAL NOT NULL,
    PRIMARY KEY (spec, version)
);
CREATE TABLE profiles (
    artifact TEXT NOT NULL,
    version TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (artifact, version)
);
"""

_MODELS = """
CREATE TABLE models (
    name TEXT PRIMARY KEY,
    created REAL NOT NULL
);
CREATE TABLE versions (
    model TEXT NOT NULL REFERENCES models (name),
    version INTEGER NOT NULL,
    bundle TEXT NOT NULL,
    status TEXT NOT NULL,
    run TEXT,
    user_name TEXT NOT NULL,
    created REAL NOT NULL,
    judgement TEXT,
    PRIMARY KEY (model, version),
    UNIQUE (model, bundle)
);
CREATE INDEX versions_bundle ON versions (bundle);
CREATE TABLE aliases (
    model TEXT NOT NULL REFERENCES models (name),
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (model, alias)
);
CREATE TABLE alias_log (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    alias TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    before INTEGER,
    at REAL NOT NULL,
    user_name TEXT NOT NULL,
    run TEXT,
    reason TEXT
);
CREATE INDEX alias_log_alias ON alias_log (model, alias, id);
"""

_INCREMENTS = """
CREATE TABLE column_states (
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (digest, version)
);
CREATE TABLE surveys (
    spec TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    artifact TEXT NOT NULL,
    seen REAL NOT NULL
);
"""

_DATASETS = """
CREATE TABLE datasets (
    name TEXT PRIMARY KEY,
    created REAL NOT NULL,
    user_name TEXT NOT NULL,
    description TEXT,
    owner TEXT,
    keys TEXT NOT NULL,
    contract TEXT
);
CREATE TABLE dataset_versions (
    dataset TEXT NOT NULL REFERENCES datasets (name),
    version INTEGER NOT NULL,
    artifact TEXT NOT NULL,
    row_count INTEGER NOT NULL,
    columns TEXT NOT NULL,
    created REAL NOT NULL,
    user_name TEXT NOT NULL,
    host TEXT NOT NULL,
    project TEXT NOT NULL,
    run TEXT,
    step TEXT,
    contract TEXT,
    message TEXT,
    PRIMARY KEY (dataset, version)
);
CREATE INDEX dataset_versions_artifact ON dataset_versions (artifact);
CREATE TABLE dataset_tags (
    dataset TEXT NOT NULL REFERENCES datasets (name),
    tag TEXT NOT NULL,
    version INTEGER NOT NULL,
    since REAL NOT NULL,
    PRIMARY KEY (dataset, tag)
);
CREATE TABLE dataset_log (
    id INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER,
    at REAL NOT NULL,
    user_name TEXT NOT NULL,
    run TEXT,
    told TEXT NOT NULL
);
CREATE INDEX dataset_log_dataset ON dataset_log (dataset, id);
CREATE TABLE deprecations (
    dataset TEXT NOT NULL REFERENCES datasets (name),
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    instead TEXT,
    after REAL,
    at REAL NOT NULL,
    user_name TEXT NOT NULL,
    PRIMARY KEY (dataset, version)
);
CREATE TABLE dataset_reads (
    id INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL,
    version INTEGER NOT NULL,
    asked TEXT NOT NULL,
    user_name TEXT NOT NULL,
    host TEXT NOT NULL,
    project TEXT NOT NULL,
    pipeline TEXT NOT NULL,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    day INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first REAL NOT NULL,
    last REAL NOT NULL,
    UNIQUE (dataset, version, asked, user_name, host, project, pipeline, run, step, day)
);
CREATE INDEX dataset_reads_last ON dataset_reads (dataset, last);
"""

_JUDGEMENTS = """
CREATE TABLE judgements (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL REFERENCES models (name),
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    at REAL NOT NULL,
    user_name TEXT NOT NULL,
    run TEXT,
    judgement TEXT NOT NULL
);
CREATE INDEX judgements_version ON judgements (model, version, id);
"""

# What lies in the catalog itself is verified when it is read, as the files of the store are.
_SEALS = """
ALTER TABLE artifacts ADD COLUMN seal TEXT;
"""

_NOTES = """
CREATE TABLE version_notes (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL REFERENCES models (name),
    version INTEGER NOT NULL,
    at REAL NOT NULL,
    user_name TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX version_notes_version ON version_notes (model, version, id);
"""

MIGRATIONS: tuple[str, ...] = (_START + _MODELS, _INCREMENTS, _DATASETS, _JUDGEMENTS, _SEALS, _NOTES)
