"""`exsweep serve`: pages and API over the fleet, on this computer or for a team."""

import contextlib
import os
import signal
import socket
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from exsweep.cli.fleet import default_store
from exsweep.cli.terminal import term
from exsweep.errors import UsageError

if TYPE_CHECKING:
    from exsweep.web.oidc_settings import Provider

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
@click.option(
    "--accounts", is_flag=True, help="For several people, who sign in; always so beyond this computer."
)
@click.option(
    "--url", "public", help="Address under which a reverse proxy shows it: https://exsweep.example.org"
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TLS certificate (PEM).",
)
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Its key (PEM).")
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(0, 64),
    help="Sendings read at the same time here.",
)
@click.option(
    "--quota",
    default=500,
    show_default=True,
    type=click.IntRange(1),
    help="GiB of evidence a tenant may keep.",
)
@click.option(
    "--second-person",
    is_flag=True,
    help="A raw line with its passwords is shown only when a second person has said yes.",
)
@click.option(
    "--allow-scan",
    "scope",
    type=click.Path(path_type=Path, exists=True),
    help="Scope file: pages may then have these servers looked at from outside, as `exsweep scan` does. A folder holds one "
    "for each tenant: NAME.yml.",
)
@click.option(
    "--oidc",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Settings of the sign-in of your organisation (OpenID Connect): docs/how-to/sign-in.md.",
)
@click.option(
    "--webhooks",
    "receivers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Receivers of notices: cases, ended jobs, hits of hunts, re-checks; none without: docs/how-to/webhooks.md.",
)
def serve(
    host: str,
    port: int,
    store: str | None,
    data: Path | None,
    accounts: bool,
    public: str | None,
    certificate: Path | None,
    key: Path | None,
    jobs: int,
    quota: int,
    second_person: bool,
    scope: Path | None,
    oidc: Path | None,
    receivers: Path | None,
) -> None:
    """Open the pages in your browser: send evidence, read verdicts, work through the queue.

    On this computer nobody signs in: the address that is printed opens the pages. With --accounts, and always with a
    --host others can reach, people sign in; the first start prints a link that makes the first operator.
    """
    import uvicorn  # only this verb needs these: the others start faster

    from exsweep.web.application import application
    from exsweep.web.hooks import Sender, hooks
    from exsweep.web.joining import first_token
    from exsweep.web.routes import url
    from exsweep.web.service import Service, Settings
    from exsweep.web.worker import Worker

    where = store or str(default_store())
    outside = host not in _LOOPBACK
    if bool(certificate) != bool(key):
        raise UsageError("A certificate and its key belong together.", tip="Give --certificate and --key.")
    shown = _shown(public, host, port, tls=certificate is not None)
    if outside and not shown.startswith("https://"):
        raise UsageError(
            "Passwords and evidence would cross the network in the clear.",
            tip="Give --certificate and --key, or put it behind a reverse proxy and give --url https://...",
        )
    settings = Settings(
        store=where,
        folder=folder_beside(where, data),
        accounts=accounts or outside or public is not None or oidc is not None,
        secure=shown.startswith("https://"),
        hosts=_hosts(shown, port),
        port=port,
        origin=shown,
        oidc=_provider(oidc) if oidc else None,
        quota_bytes=quota << 30,
        jobs=jobs,
        allow_scan=scope,
        second_person=second_person,
    )
    _free(host, port)
    service = Service(settings)
    app = application(service)
    fleet = service.fleet()
    token = first_token(fleet, now=service.now()) if settings.accounts else None
    if settings.accounts and where.startswith("postgres") and not fleet.database.walled:
        click.echo(
            "Note: this user of the database is a superuser, so PostgreSQL does not keep tenants apart behind the pages' own "
            "check. Use one that is none: docs/how-to/postgresql.md.",
            err=True,
        )
    service.forget()
    workers: list[Worker | Sender] = [Worker(where, settings.folder, scope=scope) for _ in range(jobs)]
    if receivers:
        workers.append(Sender(where, hooks(receivers), shown, clock=service.clock))
    threads = [threading.Thread(target=each.run, name="exsweep-worker") for each in workers]
    for thread in threads:
        thread.start()
    if not settings.accounts:
        words = f"Open this address in your browser: {shown}{url('start', token=service.start_token)}"
    elif token:
        words = f"Nobody has an account yet. This link makes the first operator, once: {shown}{url('join', token=token)}"
    else:
        words = f"Open {shown}"

    class Announced(uvicorn.Server):
        """Says where it is once it can be reached there: whoever opens the address at once finds somebody in."""

        async def startup(self, sockets: "list[socket.socket] | None" = None) -> None:
            await super().startup(sockets)
            click.echo(f"{words}\nPress Ctrl-C to stop. What was sent is kept.")

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        proxy_headers=public is not None,
        ssl_certfile=certificate,
        ssl_keyfile=str(key) if key else None,
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            Announced(config).run()
    finally:
        for each in workers:
            each.stop()
        for thread in threads:
            thread.join()


def _free(host: str, port: int) -> None:
    """Raises UsageError when nobody can listen there: said before anything else is begun."""
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            if os.name == "posix":  # elsewhere it would take the port away from whoever has it
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(where)
    except OSError as error:
        raise UsageError(
            f"Nobody can listen on {host}, port {port}: {error.strerror or error}.",
            tip="Stop the other program there (is exsweep running already?), or choose another port with --port.",
        ) from None


def _provider(path: Path) -> "Provider":
    from exsweep.web.oidc_settings import provider

    if find_spec("joserfc") is None:
        raise UsageError("--oidc needs joserfc.", tip="Install it: pip install 'exsweep[sign-in]'.")
    return provider(path)


def _shown(public: str | None, host: str, port: int, *, tls: bool) -> str:
    """The address as people type it."""
    if public is None:
        name = f"[{host}]" if ":" in host else host
        return f"{'https' if tls else 'http'}://{name}:{port}"
    parts = urlsplit(public)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise UsageError(
            f"--url {public!r} is no address of a service.", tip="Write it like https://exsweep.example.org"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _hosts(shown: str, port: int) -> frozenset[str]:
    """What the Host header may say: the address shown, and this computer's own names."""
    return frozenset(
        {urlsplit(shown).netloc, *(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))}
    )


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
@click.option(
    "--allow-scan",
    "scope",
    type=click.Path(path_type=Path, exists=True),
    help="Scope file, or folder of such, of looks from outside, as `exsweep serve` has it; without one such jobs fail here.",
)
@click.option("--once", is_flag=True, help="End when nothing waits any more.")
def worker_verb(store: str, data: Path | None, scope: Path | None, once: bool) -> None:
    """Read and judge what was sent to `exsweep serve`: on further computers, or beside it."""
    from exsweep.web.worker import Worker

    told = lambda words: click.echo(term(words), err=True)  # noqa: E731 - one line, used once
    worker = Worker(store, folder_beside(store, data), scope=scope, said=told)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    try:
        worker.run(once=once)
    except KeyboardInterrupt:
        worker.stop()
