"""Where, by whom and with what a run was done, found out without starting pip."""
