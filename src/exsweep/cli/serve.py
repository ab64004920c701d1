"""`exsweep serve`: pages and API over the fleet, on this computer or for a team."""

from pathlib import Path

import click

from exsweep.cli.fleet import default_store


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8420, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--store",
    envvar="EXSWEEP_FLEET",
    help="File of the store, or postgresql://...; default: fleet.db in your data folder.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for evidence that is sent; default: `serve` beside the store.",
)
def serve(host: str, port: int, store: str | None, data: Path | None) -> None:
    """Open the pages in your browser: send evidence, read verdicts, work through the queue."""
    import uvicorn  # only this verb needs these: the others start faster

    from exsweep.web.application import application
    from exsweep.web.service import Service, Settings

    where = store or str(default_store())
    service = Service(
        Settings(
            store=where,
            folder=data or default_store().parent / "serve",
            hosts=frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")),
            port=port,
        )
    )
    click.echo(f"Open http://{host}:{port}/start?token={service.start_token}")
    uvicorn.run(application(service), host=host, port=port, log_level="warning", server_header=False)
