"""The style of the page, and the few lines of script that sort and filter it; the page reads well without them."""

from __future__ import annotations

__all__ = ["SCRIPT", "STYLE"]

STYLE = """
:root { color-scheme: light dark; --ink: #1b1e23; --soft: #5b6470; --line: #d8dce2; --back: #fff; --card: #f5f6f8;
  --bar: #4269d0; --look: #9a4b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --soft: #a2abb8; --line: #3a414b; --back: #15181c;
  --card: #1f242a; --bar: #7f9df0; --look: #f0b070; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 1.5rem; background: var(--back); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
a { color: inherit; }
a:focus-visible, button:focus-visible, input:focus-visible, .wide:focus-visible { outline: 3px solid var(--bar); }
.skip { position: absolute; left: -999rem; } .skip:focus { position: static; }
.soft { color: var(--soft); } .wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); white-space: nowrap; }
tbody th { font-weight: 600; overflow-wrap: anywhere; min-width: 8rem; }
.n { text-align: right; white-space: nowrap; } .v { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 22rem; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.look { color: var(--look); } ul { margin: .2rem 0; padding-left: 1.2rem; }
section.c { background: var(--card); border-radius: .5rem; padding: .8rem 1rem; margin: .8rem 0; }
section.c > div { display: flex; flex-wrap: wrap; gap: .8rem 2rem; align-items: flex-start; }
svg .b { fill: var(--bar); } svg .t { fill: var(--line); } figure { margin: 0; }
figcaption { color: var(--soft); display: flex; justify-content: space-between; gap: 1rem; font-size: .85rem; }
input { font: inherit; padding: .25rem .5rem; width: 20rem; max-width: 100%; }
@media print { :root { --ink: #000; --soft: #444; --line: #bbb; --back: #fff; --card: #fff; --bar: #345; --look: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; } .skip, .find { display: none; }
  section.c { break-inside: avoid; border: 1px solid var(--line); }
  tr { break-inside: avoid; } thead { display: table-header-group; } svg .b { print-color-adjust: exact; } }
"""

SCRIPT = """
"use strict";
const table = document.getElementById("columns"), body = table.tBodies[0], rows = [...body.rows];
const find = document.getElementById("find"), said = document.getElementById("found");
find.closest("p").hidden = false;
find.addEventListener("input", () => {
  const word = find.value.toLowerCase();
  let count = 0;
  for (const row of rows) {
    row.hidden = !row.dataset.w.includes(word);
    count += row.hidden ? 0 : 1;
    const more = document.getElementById("c" + row.dataset.i);
    if (more) more.hidden = row.hidden;
  }
  said.textContent = count + " of " + rows.length;
});
[...table.tHead.rows[0].cells].forEach((head, at) => {
  if (!head.dataset.k) return;
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = head.textContent;
  head.replaceChildren(button);
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const one of table.tHead.rows[0].cells) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down === 1 ? "ascending" : "descending");
    const key = (row) => row.cells[at].dataset.k ?? row.cells[at].textContent;
    const by = head.dataset.k === "n" ? (a, b) => key(a) - key(b) : (a, b) => key(a).localeCompare(key(b));
    body.append(...rows.slice().sort((a, b) => down * by(a, b) || a.dataset.i - b.dataset.i));
  });
});
"""
