// What a page does beside showing: tables sort, search and turn pages; addresses are told whole and copied; all is
// open in print. Without this script the page still shows everything but charts.
"use strict";

const ROWS = 25; // of a page of a long table
const LONG = 40; // a table of more rows than this has pages
const SEARCHED = 8; // and one of more rows than this a search

function element(tag, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...inside);
  return made;
}

// One small window beside pointer or focus, for addresses and charts alike.
const tip = element("div", { id: "tip", hidden: true });
tip.setAttribute("role", "status");
document.body.append(tip);

function tell(content, x, y) {
  tip.replaceChildren(content);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - width - 4))}px`;
  tip.style.top = `${y + 18 + height > innerHeight ? Math.max(4, y - height - 10) : y + 18}px`;
}

function hush() {
  tip.hidden = true;
}

// Addresses: the whole on pointing and focus, a copy on pressing.
function whole(address) {
  if (address.title) {
    address.dataset.whole = address.title; // the browser's own window would say it twice
    address.setAttribute("aria-description", `${address.title}, press to copy`);
    address.removeAttribute("title");
  }
  return address.dataset.whole;
}

for (const kind of ["pointerover", "focusin"]) {
  document.addEventListener(kind, (event) => {
    const address = event.target.closest?.(".address");
    if (!address) return;
    const box = address.getBoundingClientRect();
    tell(whole(address), box.left, box.top);
  });
}
for (const kind of ["pointerout", "focusout"]) {
  document.addEventListener(kind, (event) => event.target.closest?.(".address") && hush());
}
document.addEventListener("keydown", (event) => event.key === "Escape" && hush());
document.addEventListener("click", async (event) => {
  const address = event.target.closest?.(".address");
  if (!address) return;
  const text = whole(address);
  const box = address.getBoundingClientRect();
  const copied = await copy(text);
  tell(copied ? `copied ${text}` : text, box.left, box.top);
});

// Where the chain has an explorer a link stands beside each address, and beside a finding's transaction; nothing is
// asked of it before somebody follows one.
const explorer = document.body.dataset.explorer;
for (const address of explorer ? document.querySelectorAll(".address") : []) {
  const text = whole(address);
  const told = address.closest("dd")?.previousElementSibling?.textContent;
  const kind = text.length === 42 ? "address" : told === "transaction" ? "tx" : "";
  if (!kind || address.closest("a")) continue;
  const link = element("a", { className: "explorer", href: `${explorer}/${kind}/${text}`, textContent: "↗" });
  Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  link.setAttribute("aria-label", `${address.textContent} in the explorer`);
  address.after(link);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page opened from a disk may lack the clipboard: the old way.
    const area = element("textarea", { value: text });
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}

// Tables.
function named(cell) {
  const address = cell.querySelector(".address");
  if (!address) return null;
  return (cell.querySelector(".called")?.textContent.toLowerCase() ?? "") + (address.dataset.whole ?? address.title);
}

function key(cell) {
  const text = cell.querySelector("[data-key]")?.dataset.key ?? named(cell) ?? cell.textContent.trim();
  if (!cell.classList.contains("number")) return text;
  const number = parseFloat(text.replaceAll(",", ""));
  return Number.isNaN(number) ? -Infinity : number;
}

function tended(table, place) {
  const [head] = table.tHead.rows;
  const body = table.tBodies[0];
  const all = [...body.rows];
  const titles = [...head.cells].map((cell) => cell.textContent);
  let found = all;
  let page = 0;
  const sheet = () => (all.length > LONG ? ROWS : all.length);

  const said = element("span");
  said.setAttribute("role", "status");
  const before = element("button", { type: "button", textContent: "‹ back" });
  const after = element("button", { type: "button", textContent: "next ›" });

  function show() {
    const first = page * sheet();
    const shown = new Set(found.slice(first, first + sheet()));
    for (const row of all) row.classList.toggle("later", !shown.has(row));
    before.disabled = page === 0;
    after.disabled = first + sheet() >= found.length;
    const last = Math.min(first + sheet(), found.length);
    said.textContent = found.length ? `${first + 1} to ${last} of ${found.length}` : "nothing found";
  }

  function sort(column, cell) {
    const up = cell.getAttribute("aria-sort") === "descending" || (!cell.hasAttribute("aria-sort") && !cell.classList.contains("number"));
    for (const each of head.cells) each.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keys = new Map(all.map((row) => [row, key(row.cells[column])]));
    const compare = (a, b) => (keys.get(a) > keys.get(b)) - (keys.get(a) < keys.get(b));
    all.sort((a, b) => (up ? compare(a, b) : compare(b, a)));
    body.append(...all);
    const kept = new Set(found);
    found = all.filter((row) => kept.has(row));
    page = 0;
    show();
  }

  [...head.cells].forEach((cell, column) => {
    const button = element("button", { type: "button", textContent: titles[column] });
    button.addEventListener("click", () => sort(column, cell));
    cell.replaceChildren(button);
  });
  if (all.length > SEARCHED) {
    const input = element("input", { type: "search" });
    const texts = new Map(all.map((row) => [row, [row.textContent, ...[...row.querySelectorAll(".address")].map((each) => each.title)].join(" ").toLowerCase()]));
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      found = all.filter((row) => texts.get(row).includes(wanted));
      page = 0;
      show();
    });
    place.before(element("div", { className: "search" }, element("label", {}, "search ", input), said));
  }
  if (all.length > LONG) {
    before.addEventListener("click", () => { page -= 1; show(); });
    after.addEventListener("click", () => { page += 1; show(); });
    place.after(element("div", { className: "pager" }, before, after));
  }
  show();
}

for (const place of document.querySelectorAll(".scroll")) {
  const table = place.querySelector("table");
  if (table?.tHead && table.classList.contains("stacked")) {
    const titles = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, column) => { cell.dataset.head = titles[column]; });
  }
  if (table?.tHead && table.tBodies[0]?.rows.length > 1) tended(table, place);
}

// Print shows what is folded, and folds it again.
let unfolded = [];
addEventListener("beforeprint", () => {
  unfolded = [...document.querySelectorAll("details:not([open])")];
  for (const each of unfolded) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of unfolded) each.open = false;
});
