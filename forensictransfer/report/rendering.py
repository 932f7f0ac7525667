"""Render the templates of the page with Jinja2, which escapes whatever is not marked as HTML already."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from forensictransfer.core.visible import visible_lines


def fit_for_html(value: Any) -> Any:
    """Write what HTML forbids in a text, such as control characters in the name of a file, as escapes."""
    return visible_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value


# Undefined names raise instead of rendering as nothing, so that a typing error cannot empty a part of the page.
_TEMPLATES = Environment(
    loader=PackageLoader("forensictransfer.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=fit_for_html,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: object) -> Markup:
    """Render a whole template of `templates/`; the result counts as HTML."""
    return Markup(_TEMPLATES.get_template(template).render(**values))


def element(name: str, *values: object, **options: object) -> Markup:
    """Render one macro of `templates/elements.html`."""
    return Markup(getattr(_TEMPLATES.get_template("elements.html").module, name)(*values, **options))


def source(name: str) -> Markup:
    """Read a file of `templates/` as it is: style sheet and script, which may hold no user's text."""
    loader = _TEMPLATES.loader
    assert loader is not None
    return Markup(loader.get_source(_TEMPLATES, name)[0])
