"""Solvent: from a scratch notebook to a model that serves, watches itself and retrains, without debt."""
