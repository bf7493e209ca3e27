"""Splits: a table becomes a part to learn from and parts to be tested on, and how is recorded."""

from solvent.learn.splits.drawing import random_split, random_split3, stratified_split, stratified_split3
from solvent.learn.splits.folds import group_folds, random_folds, stratified_folds, time_folds
from solvent.learn.splits.groups import group_split, group_split3, partition
from solvent.learn.splits.keys import hash_split, hash_split3
from solvent.learn.splits.parts import Split, Split3
from solvent.learn.splits.predefined import predefined_split, predefined_split3
from solvent.learn.splits.times import time_split, time_split3

__all__ = [
    "Split", "Split3", "group_folds", "group_split", "group_split3", "hash_split", "hash_split3", "partition",
    "predefined_split", "predefined_split3", "random_folds", "random_split", "random_split3", "stratified_folds",
    "stratified_split", "stratified_split3", "time_folds", "time_split", "time_split3",
]  # fmt: skip
