"""What people see and touch: the command line, and what plugs into other tools."""
