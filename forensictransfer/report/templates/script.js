"use strict";
// Paper has nothing to click on: what is folded is opened for printing, and folded again.
addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach(
  (part) => { part.open = true; part.dataset.folded = "1"; }));
addEventListener("afterprint", () => document.querySelectorAll("details[data-folded]").forEach(
  (part) => { part.open = false; delete part.dataset.folded; }));

// A link to a row that is folded away opens what it lies in.
function reveal() {
  const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!place) return;
  for (let part = place.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  place.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// Numbers by their value, all else by its letters; what is missing comes last, whichever way.
function valueOf(row, column) {
  const text = row.cells[column].textContent.trim();
  const number = text.match(/^(?:k ≥ |< )?([+\-−]?\d+(?:\.\d+)?)/);
  return { text, number: number ? parseFloat(number[1].replace("−", "-")) : NaN, missing: text === "" || text === "-" };
}

function sort(table, column, down) {
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => ({ row, value: valueOf(row, column) }));
  const numeric = rows.every(({ value }) => value.missing || !Number.isNaN(value.number));
  rows.sort(({ value: a }, { value: b }) => {
    if (a.missing !== b.missing) return a.missing ? 1 : -1;
    const order = numeric ? a.number - b.number : a.text.localeCompare(b.text, "en", { numeric: true });
    return down ? -order : order;
  });
  body.append(...rows.map(({ row }) => row));
}

document.querySelectorAll("table.sortable").forEach((table) => {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(table, column, down);
    });
  });
});
