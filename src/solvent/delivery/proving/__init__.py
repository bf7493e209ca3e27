"""Proving: golden rows asked again, of a fresh process, through the server, in the runtime that will serve."""
