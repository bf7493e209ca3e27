"""A group of commands that are imported when they are used, so that asking for help imports none of them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["Late"]


class Late(click.Group):
    """``table`` says of each command in which module of ``room`` it stands, and what it does.

    A command's function is called as the command is, with an underscore behind it where Python knows the word.
    """

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]], room: str, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.table = table
        self.room = room

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import the command of this name."""
        if name not in self.table:
            return None
        module = importlib.import_module(f"{self.room}.{self.table[name][0]}")
        found: click.Command = getattr(module, name, None) or getattr(module, f"{name}_")
        _give_project(found)
        return found

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names that begin so, and the group's own options."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text) for name, (_, text) in self.table.items() if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """The command that was meant, or an error that knows the nearest one."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from solvent.errors import did_you_mean

            ctx.fail(f"there is no command {args[0]!r}.{did_you_mean(args[0], self.table)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each command with what it does, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


def _give_project(command: click.Command) -> None:
    """Let ``--project`` stand behind every command too, where people write it."""
    if isinstance(command, click.Group):
        for one in command.commands.values():
            _give_project(one)
    elif command.name != "init" and not any(one.name == "project" for one in command.params):
        command.params.append(
            click.Option(
                ["--project"], type=click.Path(), expose_value=False, callback=_choose, help="The project's folder."
            )
        )


def _choose(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    ctx.obj = value or ctx.obj
