"""The profile of a table: what its columns hold, as small plain data, and as text with a picture of each."""

from __future__ import annotations

from solvent.data.profile.grouping import group_blocks
from solvent.data.profile.record import PROFILE, Profile
from solvent.data.profile.rendering import render_text
from solvent.data.profile.states import ColumnState, TableState, merge, state_version
from solvent.data.profile.surveying import profile, survey, survey_all

__all__ = [
    "PROFILE",
    "ColumnState",
    "Profile",
    "TableState",
    "group_blocks",
    "merge",
    "profile",
    "render_text",
    "state_version",
    "survey",
    "survey_all",
]
