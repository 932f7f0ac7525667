"""Render the templates of the page with Jinja2, which escapes whatever is not marked as HTML already."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

# Undefined names raise instead of rendering as nothing, so that a typing error cannot empty a part of the page.
_TEMPLATES = Environment(
    loader=PackageLoader("forensictransfer.report", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
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
