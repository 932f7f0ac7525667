"""How the page looks on a screen, on a telephone and on paper."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #4d5761; --rule: #d5dae0; --wash: #f5f7f9; --link: #0b5394; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; padding: 1.5rem 20px 4rem; max-width: 1240px; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .4rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; line-height: 1.25; margin: 2.8rem 0 .8rem; padding-top: .7rem;
  border-top: 2px solid var(--ink); }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .5rem; overflow-wrap: anywhere; }
h4 { font-size: 1rem; margin: 1.2rem 0 .4rem; overflow-wrap: anywhere; }
p, li { max-width: 50rem; overflow-wrap: break-word; }
p { margin: .6rem 0; }
.lead { font-size: 1.06rem; }
.note, figcaption { color: var(--soft); font-size: .875rem; line-height: 1.45; }
.warning { border-left: 4px solid #d55e00; padding: .4rem .8rem; background: #fff6f0; }
a { color: var(--link); }
nav { margin: 1.6rem 0 0; padding: .8rem 1rem; background: var(--wash);
  border: 1px solid var(--rule); border-radius: 4px; }
nav h2 { font-size: 1rem; margin: 0; padding: 0; border: 0; }
nav ol { columns: 3 15rem; margin: .4rem 0 0; padding-left: 1.6rem; }
figure { margin: .6rem 0 1rem; max-width: 100%; min-width: 0; }
figure img { display: block; max-width: 100%; height: auto; }
.scroll { overflow: auto; width: fit-content; max-width: 100%;
  border: 1px solid var(--rule); border-radius: 4px; }
details .scroll { max-height: 85vh; }
details .bare { max-height: none; }
.bare { border: 0; overflow-y: hidden; }
.bare img { max-width: none; }
.grid { display: flex; flex-wrap: wrap; gap: .4rem 22px; align-items: flex-start; }
.grid > figure { flex: 0 1 auto; }
.table figcaption { margin-bottom: .35rem; max-width: 50rem; overflow-wrap: anywhere; }
.table figcaption strong { color: var(--ink); font-size: .95rem; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .7rem; text-align: left; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--rule); }
thead th { position: sticky; top: 0; background: var(--wash); vertical-align: bottom;
  white-space: normal; min-width: 4.5rem; }
tbody tr:last-child td { border-bottom: 0; }
.r { text-align: right; }
td.long { white-space: normal; min-width: 17rem; max-width: 44rem; overflow-wrap: anywhere; }
.plain td { white-space: normal; min-width: 0; overflow-wrap: anywhere; }
.plain td:first-child { width: 9.5rem; min-width: 7rem; overflow-wrap: normal; }
details { margin: .7rem 0; border: 1px solid var(--rule); border-radius: 4px; padding: .45rem .8rem; }
summary { cursor: pointer; font-weight: 600; overflow-wrap: anywhere; }
code, pre { font: .9em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  background: var(--wash); }
code { overflow-wrap: anywhere; }
pre { padding: .7rem .9rem; overflow-x: auto; border: 1px solid var(--rule); border-radius: 4px; }
pre code { overflow-wrap: normal; }
.case { width: 322px; }
.case .row { display: flex; gap: 5px; }
.case .row img { width: 104px; height: 104px; object-fit: contain; image-rendering: pixelated;
  background: var(--wash); }
.case figcaption { overflow-wrap: anywhere; margin-top: .2rem; }
@media (max-width: 600px) {
  body { padding: 1rem 16px 3rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; }
  nav ol { columns: 1; } nav li { padding: .15rem 0; }
  details { padding: .45rem .5rem; }
}
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav { display: none; }
  .scroll, details .scroll { overflow: visible; max-height: none; border: 0; }
  .bare img { max-width: 100%; }
  details { border: 0; padding: 0; }
  details::details-content { content-visibility: visible; }
  thead th { position: static; min-width: 0; }
  td.long { min-width: 0; }
  table { font-size: 7.5pt; } th, td { white-space: normal; padding: .1rem .3rem; overflow-wrap: anywhere; }
  h2, h3, h4, summary { break-after: avoid; }
  figure:not(.table), tr { break-inside: avoid; }
  a { color: inherit; text-decoration: none; }
}
"""

# Paper has nothing to click on: what is folded is opened for printing, and folded again.
SCRIPT = """
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(
  (part) => { part.open = true; part.dataset.folded = "1"; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-folded]").forEach(
  (part) => { part.open = false; delete part.dataset.folded; }));
"""
