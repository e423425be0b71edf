"""`underpaint serve`: the house over HTTP."""

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from underpaint.cli import recipes
from underpaint.cli.keeping import LIBRARY
from underpaint.cli.output import console, notes

if TYPE_CHECKING:
    from underpaint.studio.settings import ServeSettings


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("serve", epilog="Example: underpaint serve --open · underpaint serve --port 7860 --a1111-auth "
                                "me:secret")(serve)


def serve(host: str | None = typer.Option(None, "--host", help=r"The address to listen at; 0.0.0.0 lets others on your "
                                                              r"network in. \[127.0.0.1]"),
          port: int | None = typer.Option(None, "--port", min=0, max=65_535, help=r"0 takes any free one. \[7861]"),
          library: Path | None = LIBRARY,
          model: str | None = typer.Option(None, "--model", help=r"What is painted with where nobody names a model. "
                                                                r"\[primer]"),
          token: str | None = typer.Option(None, "--token", help=r"What clients must know; '' asks for none, on this "
                                                                r"machine only. \[one of your own, kept]"),
          a1111_auth: str | None = typer.Option(None, "--a1111-auth", "--auth", metavar="USER:PASSWORD", help="Accounts"
                                                " for AUTOMATIC1111's API, several after commas."),
          origin: list[str] = typer.Option([], "--origin", metavar="URL", help="A page elsewhere that may ask, such as "
                                           "http://localhost:3000; may be given again."),
          name: list[str] = typer.Option([], "--name", help="Another name of this machine; may be given again."),
          open_: bool = typer.Option(False, "--open", help="Open the page in your browser."),
          device: str | None = recipes.DEVICE, precision: str | None = recipes.PRECISION,
          as_json: bool = typer.Option(False, "--json", help="Print the address as one line of JSON.")) -> None:
    """Serve the page, our own API and AUTOMATIC1111's until stopped; what was waiting goes on."""
    from underpaint.studio.settings import make_settings, with_token

    asked = make_settings(host=host, port=port, library=library, model=model, token=token, auth=a1111_auth,
                          origins=tuple(origin) or None, names=tuple(name) or None, device=device, precision=precision)
    run(with_token(asked), _Say(open_, as_json, kept=asked.token is None))


@dataclass(frozen=True)
class _Say:
    """How the address is told."""

    browser: bool
    as_json: bool
    kept: bool
    """Whether the token is the one that is kept in Underpaint's folder."""

    def __call__(self, settings: "ServeSettings", port: int, link: str) -> None:
        from underpaint.studio.guard import page_address
        from underpaint.studio.settings import TOKEN_FILE

        address, page = page_address(settings, port, ""), page_address(settings, port, link)
        if self.as_json:
            _print_line({"address": address, "page": page, "api": f"{address}/api/v1", "port": port})
        else:
            console().print(f"Underpaint listens at {address}", markup=False)
            console().print(f"Open the page, once: {page}", markup=False)
            if self.kept:
                from underpaint.models.home import underpaint_home

                notes().print(f"Programs send the token: it is kept in {underpaint_home() / TOKEN_FILE}", markup=False)
            if not settings.local:
                notes().print("Others on your network reach this server, and read what goes by: serve so only where "
                              "you trust everybody.")
        sys.stdout.flush()
        sys.stderr.flush()
        if self.browser:
            import webbrowser

            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(page)


def _print_line(data: dict[str, Any]) -> None:
    """One line for the program that started this one."""
    sys.stdout.write(json.dumps(data) + "\n")


def run(settings: "ServeSettings", say: _Say) -> None:
    """Serve until stopped. Raises UnderpaintErrors for a port in use and a library that cannot be used."""
    from underpaint.studio.desk import Desk
    from underpaint.studio.guard import Keys
    from underpaint.studio.running import listen, run_server

    with listen(settings) as place, Desk(settings) as desk:
        keys = Keys(settings)
        desk.warm()
        run_server(desk, settings, keys, place, lambda port: say(settings, port, keys.link()))

