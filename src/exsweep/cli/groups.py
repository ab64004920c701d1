"""Groups of verbs that help whoever mistypes one."""

from difflib import get_close_matches
from pathlib import Path

import click


class Verbs(click.Group):
    """Names the verb that was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            more = ""
            if near:
                more = f" Did you mean '{near[0]}'?"
            elif "triage" in self.list_commands(ctx) and Path(args[0]).exists():
                more = f" To judge a server from it: {ctx.command_path} triage {args[0]}"
            raise click.UsageError(error.message + more, ctx) from error
