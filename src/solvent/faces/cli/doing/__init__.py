"""Commands that do something: start a project, plan, run, debug."""
