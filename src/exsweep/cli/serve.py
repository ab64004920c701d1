"""`exsweep serve`: pages and API over the fleet, on this computer or for a team."""

import signal
import threading
from pathlib import Path

import click

from exsweep.cli.fleet import default_store
from exsweep.cli.terminal import term


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
    from exsweep.web.worker import Worker

    where = store or str(default_store())
    service = Service(
        Settings(
            store=where,
            folder=folder_beside(where, data),
            hosts=frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")),
            port=port,
        )
    )
    app = application(service)
    service.fleet().database.number(
        "SELECT 1"
    )  # a store that cannot be opened is said here, not on the first page
    worker = Worker(where, service.settings.folder)
    thread = threading.Thread(target=worker.run, name="exsweep-worker")
    thread.start()
    click.echo(f"Open this address in your browser: http://{host}:{port}/start?token={service.start_token}")
    click.echo("Press Ctrl-C to stop. What was sent is kept.")
    try:
        uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)
    finally:
        worker.stop()
        thread.join()


def folder_beside(store: str, data: Path | None) -> Path:
    """Where evidence that is sent is kept."""
    if data is not None:
        return data
    return (default_store() if store.startswith("postgres") else Path(store)).parent / "serve"


@click.command("worker")
@click.option("--store", envvar="EXSWEEP_FLEET", required=True, help="File of the store, or postgresql://...")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for evidence that is sent, as `exsweep serve` sees it; default: `serve` beside the store.",
)
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
def worker_verb(store: str, data: Path | None, once: bool) -> None:
    """Read and judge what was sent to `exsweep serve`: on further computers, or beside it."""
    from exsweep.web.worker import Worker

    worker = Worker(store, folder_beside(store, data), said=lambda words: click.echo(term(words), err=True))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    try:
        worker.run(once=once)
    except KeyboardInterrupt:
        worker.stop()
