"""Command ``whatif explore``: a page on this machine whose figures move while a design is changed."""

from __future__ import annotations

import logging
import secrets
import socket
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

import typer

from hw_specs import SpecError
from hw_specs.terminal.records import takes

__all__ = ["ExploreOptions", "explore_command"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

Model = Annotated[str | None, typer.Option(help="Model that the page begins with: a name, or a folder of one.")]
Hardware = Annotated[str | None, typer.Option("--hw", help="Accelerator that it begins with: a name, or a YAML file.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change of it to begin with: memory.dram.bandwidth=2x; as often as needed."),
]
Address = Annotated[
    str,
    typer.Option(help="Address to listen on; on any but this machine's own the page needs the token that is printed."),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0: any that is free.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


@dataclass(frozen=True, kw_only=True)
class ExploreOptions:
    """All that ``whatif explore`` takes."""

    model: Model = None
    hw: Hardware = None
    change: Changes = None
    address: Address = "127.0.0.1"
    port: Port = 8640
    open: Open = False


@takes(ExploreOptions)
def explore_command(given: ExploreOptions) -> None:
    """Open a page where figures move while a design is changed, alone or beside another.

    It answers this machine alone, until it is interrupted. What is on the page is in its address, which may be kept and
    sent; designs are saved as YAML, and the page of a run as --report writes it.
    """
    import flask  # noqa: F401  # said before all else where it is missing
    import waitress

    from simulator.whatif.explore.design import Offer
    from simulator.whatif.explore.server import Server

    if given.model is None or given.hw is None:
        raise typer.BadParameter("give --model NAME and --hw NAME")
    offer = Offer.of(given.model, given.hw)
    design = offer.started(given.model, given.hw, given.change or ())
    token = None if given.address in _LOOPBACK else secrets.token_urlsafe(24)
    server = Server(offer, urlencode(list(design.pairs())), token)
    server.workshop.setup(design)
    listening = _listening(given.address, given.port)
    page = _page(given.address, listening.getsockname()[1], token)
    logging.getLogger("waitress").setLevel(logging.ERROR)
    running = waitress.create_server(server.app, sockets=[listening], threads=4)
    typer.echo(f"{page}\nCtrl-C ends it.")
    if given.open:
        import webbrowser

        webbrowser.open(page)
    running.run()


def _listening(address: str, port: int) -> socket.socket:
    """Socket that listens there.

    Raises
    ------
    SpecError
        Somebody else has the port, or there is no such address.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, kind)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen()
    except OSError as error:
        raise SpecError(
            f"cannot listen on {address} port {port}: {error.strerror or error}; --port 0 takes one that is free"
        ) from error
    return found


def _page(address: str, port: int, token: str | None) -> str:
    """Where the page is."""
    shown = f"[{address}]" if ":" in address else address
    return f"http://{shown}:{port}/{'' if token is None else f'?token={token}'}"
