// Charts: each figure holds its specification, which Vega-Lite draws to the width of the page; pointing tells date and
// values, dragging, Ctrl and the wheel, and the buttons zoom along the time.
"use strict";

const looks = JSON.parse(document.getElementById("looks").textContent);
const views = new Map();

// A copy of a specification with the columns of its data as rows.
function withRows(piece) {
  if (Array.isArray(piece)) return piece.map(withRows);
  if (piece === null || typeof piece !== "object") return piece;
  if (typeof piece.columns !== "object") {
    return Object.fromEntries(Object.entries(piece).map(([name, value]) => [name, withRows(value)]));
  }
  const { columns, ...rest } = piece;
  const names = Object.keys(columns);
  const values = columns[names[0]].map((_, row) => Object.fromEntries(names.map((name) => [name, columns[name][row]])));
  return { ...rest, values };
}

function fitted(specification, width) {
  const made = withRows(specification);
  for (const view of made.vconcat ?? [made]) {
    view.width = Math.max(width - looks.beside, 120);
    view.height ??= looks.height;
  }
  const legend = { ...looks.config.legend, ...(width < looks.phone ? looks.narrow : { columns: 0 }) };
  return { ...made, config: { ...looks.config, legend }, padding: { left: 4, top: 4, right: 12, bottom: 4 } };
}

function list(values) {
  const made = element("dl");
  for (const [name, value] of Object.entries(values)) {
    made.append(element("dt", { textContent: name }), element("dd", { textContent: value ?? "unknown" }));
  }
  return made;
}

function say(_, event, item, value) {
  if (value && typeof value === "object") tell(list(value), event.clientX, event.clientY);
  else if (!item?.tooltip) hush();
}

const date = new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", dateStyle: "short", timeStyle: "short" });

// Where the axes of a view begin.
function corner(view) {
  const [x, y] = view.origin();
  const { left, top } = view.padding();
  return [x + left, y + top];
}

// The row of a curve that is in force at a pointer's place, and the line that shows where that is.
function follow(view, plot, { follow: fields, back }) {
  const rows = view.data("curve");
  if (!rows.length) return;
  const cursor = element("div", { className: "cursor", hidden: true });
  plot.append(cursor);
  let at = 0;
  function point(row) {
    at = Math.max(0, Math.min(row, rows.length - 1));
    const scale = view.scale("x");
    const box = plot.getBoundingClientRect();
    const [x, y] = corner(view);
    const left = x + scale(rows[at].time);
    const height = plot.querySelector("svg").clientHeight - y - 24;
    Object.assign(cursor.style, { left: `${left}px`, top: `${y}px`, height: `${height}px` });
    const [first, last] = scale.range();
    cursor.hidden = left < x + first - 1 || left > x + last + 1;
    const values = {};
    for (const name of fields) {
      // Where several curves share the rows, each has some of them only.
      let place = at;
      while (back && place > 0 && rows[place][name] == null) place -= 1;
      const value = rows[place][name];
      if (value != null) values[name] = value.toLocaleString("en", { maximumFractionDigits: 6 });
    }
    tell(list({ UTC: date.format(rows[at].time), ...values }), box.left + left, box.top + y + 30);
  }
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const time = +view.scale("x").invert(event.clientX - box.left - corner(view)[0]);
    if (event.target.__data__?.tooltip) return; // a mark under the pointer tells its own
    let low = 0;
    let high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].time <= time) low = middle + 1;
      else high = middle;
    }
    point(low - 1);
  });
  const leave = () => { cursor.hidden = true; hush(); };
  plot.addEventListener("pointerleave", leave);
  plot.addEventListener("blur", leave);
  plot.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50, Home: -rows.length, End: rows.length }[event.key];
    if (step) { event.preventDefault(); point(at + step); }
  });
}

function zoomed(view, factor, shift = 0) {
  const [first, last] = view.scale("x").domain().map(Number);
  const half = ((last - first) / 2) * factor;
  const middle = (first + last) / 2 + (last - first) * shift;
  view.signal("zoom_time", [middle - half, middle + half]).run();
}

function tools(figure, view, plot) {
  const button = (sign, name, act) => {
    const made = element("button", { type: "button", textContent: sign, title: name });
    made.setAttribute("aria-label", name);
    made.addEventListener("click", act);
    return made;
  };
  const bar = element("div", { className: "tools" },
    button("+", "zoom in", () => zoomed(view, 0.5)),
    button("−", "zoom out", () => zoomed(view, 2)),
    button("‹", "earlier", () => zoomed(view, 1, -0.5)),
    button("›", "later", () => zoomed(view, 1, 0.5)),
    button("all", "all of the time", () => view.signal("zoom_time", null).run()));
  bar.setAttribute("role", "group");
  bar.setAttribute("aria-label", "zoom");
  plot.before(bar);
}

async function draw(figure) {
  const former = figure.querySelector(".plot");
  const plot = former.cloneNode(false); // without what listened to the former drawing
  former.replaceWith(plot);
  views.get(figure)?.finalize();
  figure.querySelector(".tools")?.remove();
  const specification = JSON.parse(figure.querySelector("script").textContent);
  figure.dataset.width = plot.clientWidth;
  // As a tree that is interpreted (ast): the page's policy lets no text become a program.
  const options = { mode: "vega-lite", renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: say };
  const { view } = await vegaEmbed(plot, fitted(specification, plot.clientWidth), options);
  // To a screen reader a chart is its caption; Vega has put names of its own there.
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
  plot.removeAttribute("aria-roledescription");
  plot.querySelector("svg").setAttribute("aria-hidden", "true");
  views.set(figure, view);
  if (specification.usermeta?.follow) follow(view, plot, specification.usermeta);
  if (JSON.stringify(specification).includes('"zoom"')) tools(figure, view, plot);
}

// One after another, so that the page answers meanwhile; again where its width has changed.
const waiting = [...document.querySelectorAll("figure.chart")];
async function next() {
  while (waiting.length) {
    const figure = waiting.shift();
    try {
      await draw(figure);
    } catch (error) {
      console.error(error);
      figure.querySelector(".plot").textContent = "This chart could not be drawn; its numbers stand in the tables.";
    }
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.documentElement.dataset.drawn = "yes";
}
next();
addEventListener("beforeprint", () => { while (waiting.length) draw(waiting.shift()); });
let late;
addEventListener("resize", () => {
  clearTimeout(late);
  late = setTimeout(() => {
    for (const figure of views.keys()) if (+figure.dataset.width !== figure.querySelector(".plot").clientWidth) draw(figure);
  }, 200);
});
