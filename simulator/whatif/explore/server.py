"""The page and its answers over HTTP: everything is read, nothing is changed, and nobody else is let in.

On the loopback only requests to a name of this machine are answered, so that no page of another site that resolves to
it reads anything; on any other address every request needs the token that the command printed.
"""

from __future__ import annotations

import hmac
import importlib.resources
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import flask
import jinja2

from hw_specs import SpecError
from simulator.user_errors import USER_ERRORS
from simulator.views.html.page import library_file, render, style

from .answers import choices, compared, details, figures, form, parts, report
from .design import Design, Offer, designs_of
from .saving import specification, study
from .workshop import NotReadyError, Workshop

__all__ = ["COOKIE", "Server"]

#: Name of the cookie that has the token.
COOKIE = "roofcast"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_LONGEST_ADDRESS = 1 << 15
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"js": "text/javascript", "css": "text/css"}


class Server:
    """A page that explores designs, as a WSGI application (``app``)."""

    def __init__(self, offer: Offer, start: str = "", token: str | None = None) -> None:
        """Of what is offered.

        Parameters
        ----------
        offer : Offer
        start : str
            Address that the page begins with where it is asked for without one: ``model=sdxl&hw=h100``.
        token : str, optional
            That every request needs; without one, requests need a name of this machine.
        """
        self.workshop = Workshop(offer)
        self._start, self._token = start, token
        self.app = flask.Flask(__name__, static_folder=None, template_folder=None)
        self.app.json.sort_keys = False  # type: ignore[attr-defined]
        self.app.before_request(self._guard)
        self.app.after_request(_headers)
        for path, view in self._views().items():
            self.app.add_url_rule(path, endpoint=path, view_func=view)

    def _views(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "/": self._page,
            "/<name>": _static,
            "/api/form": self._json(lambda first, _: {"design": _plain(first), "form": form(self.workshop, first)}),
            "/api/parts": self._json(lambda first, _: parts(self.workshop, first)),
            "/api/figures": self._json(lambda first, _: figures(self.workshop.figures(first), first)),
            "/api/details": self._json(self._details),
            "/save/report.html": self._file("text/html", "report.html", self._report),
            "/save/accelerator.yaml": self._file("text/plain", "accelerator.yaml", self._specification),
            "/save/study.yaml": self._file("text/plain", "study.yaml", self._study),
        }

    def _guard(self) -> flask.Response | None:
        """Refuse whoever is not to read this; a token in the address moves to a cookie."""
        request = flask.request
        if len(request.query_string) > _LONGEST_ADDRESS:
            return _said("an address of this length is none", 414)
        if request.headers.get("Sec-Fetch-Site") == "cross-site" and request.path != "/":
            return _said("asked for by a page of another site", 403)
        if self._token is None:
            host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
            return None if host in _LOOPBACK else _said("this page answers to 127.0.0.1 and localhost alone", 403)
        given = request.args.get("token")
        if given is not None and request.path == "/" and hmac.compare_digest(given.encode(), self._token.encode()):
            return self._with_cookie()
        kept = request.cookies.get(COOKIE, "")
        return None if hmac.compare_digest(kept.encode(), self._token.encode()) else _said("the token is missing", 403)

    def _with_cookie(self) -> flask.Response:
        rest = [(name, value) for name, value in flask.request.args.items(multi=True) if name != "token"]
        response: Any = flask.redirect(f"/?{urlencode(rest)}")
        response.set_cookie(COOKIE, self._token or "", httponly=True, samesite="Strict")
        return response  # type: ignore[no-any-return]

    def _page(self) -> str:
        environment = jinja2.Environment(
            autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
        )
        template = environment.from_string(_text("page.html.j2"))
        known = json.dumps({**choices(self.workshop), "start": self._start}, separators=(",", ":"))
        return template.render(known=known.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

    def _json(self, make: Callable[[Design, Design | None], Mapping[str, Any]]) -> Callable[[], flask.Response]:
        """View that answers with what is made of the designs of the address, or says why there is nothing."""

        def view() -> flask.Response:
            return _answered(lambda: flask.jsonify(make(*self._designs())))

        return view

    def _file(self, kind: str, name: str, make: Callable[[Design, Design | None], str]) -> Callable[[], flask.Response]:
        """View that gives a file to be kept."""

        def view() -> flask.Response:
            def given() -> flask.Response:
                response = flask.Response(make(*self._designs()), mimetype=kind)
                response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
                return response

            return _answered(given, waiting=409)

        return view

    def _designs(self) -> tuple[Design, Design | None]:
        return designs_of(list(flask.request.args.items(multi=True)), self.workshop.offer)

    def _details(self, first: Design, second: Design | None) -> dict[str, Any]:
        shop = self.workshop
        if second is None:
            return {"designs": [details(shop, first)], "ratio": None}
        ratio = compared(shop.simulation(first), shop.simulation(second))
        return {"designs": [details(shop, first), details(shop, second)], "ratio": ratio}

    def _report(self, first: Design, second: Design | None) -> str:
        _alone(second)
        return render(report(self.workshop, first))

    def _specification(self, first: Design, second: Design | None) -> str:
        _alone(second)
        self.workshop.setup(first)
        return specification(first, self.workshop.base(first), self.workshop.chosen(first))

    def _study(self, first: Design, second: Design | None) -> str:
        return study(first, second, self.workshop.offer)


def _alone(second: Design | None) -> None:
    if second is not None:
        raise SpecError("this is of one design; leave out what begins with b.")


def _plain(design: Design) -> dict[str, Any]:
    return {
        "model": design.model,
        "hw": design.hw,
        "settings": dict(design.settings),
        "changes": list(design.changes),
        "rent": design.rent,
    }


def _answered(make: Callable[[], flask.Response], *, waiting: int = 202) -> flask.Response:
    """What is made; what is not ready yet (with a status that says so), and what cannot be, in a sentence."""
    try:
        return make()
    except NotReadyError as error:
        return _jsoned({"waiting": str(error)}, waiting)
    except USER_ERRORS as error:
        return _jsoned({"error": " ".join(str(error).split())}, 400)


def _jsoned(content: Mapping[str, Any], status: int) -> flask.Response:
    response = flask.jsonify(content)
    response.status_code = status
    return response


def _said(text: str, status: int) -> flask.Response:
    return flask.Response(f"{text}\n", status=status, mimetype="text/plain")


def _static(name: str) -> flask.Response:
    """Style, code of the page, and Plotly as its package brings it."""
    if name == "plotly.js":
        response = flask.send_file(library_file(), mimetype=_TYPES["js"], max_age=86400)
        return response
    if name == "report.css":
        return flask.Response(style(), mimetype=_TYPES["css"])
    if name not in ("explore.js", "explore.css"):
        return _said("there is no such page", 404)
    return flask.Response(_text(name), mimetype=_TYPES[name.rpartition(".")[2]])


def _text(name: str) -> str:
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _headers(response: flask.Response) -> flask.Response:
    """What a browser may do with an answer: keep nothing but Plotly, run nothing but the page's own code."""
    if response.mimetype != "text/html" or "Content-Disposition" not in response.headers:
        response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response
