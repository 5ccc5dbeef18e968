// Results on the page. Whatever a text or a model holds becomes text, never markup.

import { say } from "./words.js";

const MOST_ROWS = 500; // of the table
const MOST_NAMES = 3; // of types beside one span

/** An element with text in it. */
export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

let known = [];

/** Take the types of a model: those that stand together get colours far apart. */
export function useTypes(types) {
  known = types;
}

/** The hue of a type, the same each time. */
function hue(type) {
  let number = known.indexOf(type);
  if (number < 0) {
    number = 7;
    for (const letter of type) number = (number * 31 + letter.codePointAt(0)) % 360000;
  }
  return (255 + number * 137.5) % 360;
}

const percent = (probability) => (probability === undefined ? "" : probability.toFixed(3));
const isPlaced = (each) => each.start !== undefined && each.end > each.start && !each.parts;
export const isRelation = (each) => each.subject !== undefined && each.object !== undefined;

/** The places of results, each once, with all that was found there. */
function spans(results) {
  const found = new Map();
  const add = ({ start, end }, name, type, prob) => {
    const key = `${start} ${end}`;
    if (!found.has(key)) found.set(key, { start, end, labels: [] });
    found.get(key).labels.push({ name, type, prob });
  };
  for (const each of results) {
    if (isRelation(each)) {
      for (const side of ["subject", "object"]) add(each[side], say(side), side);
    } else if (isPlaced(each)) add(each, each.type, each.type, each.prob);
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** The spans that lie in each other or beside each other, outer ones first; those that cross one before are left out. */
function nested(sorted) {
  const open = [];
  return sorted.filter((span) => {
    while (open.length && open.at(-1).end <= span.start) open.pop();
    if (open.length && open.at(-1).end < span.end) return false;
    open.push(span);
    return true;
  });
}

/** What a span is marked with. */
function markOf({ start, end, labels }) {
  const lines = labels.map(({ name, prob }) => `${name} ${percent(prob)}`.trim());
  const mark = element("mark", undefined, { tabindex: "-1", "data-tip": lines.join("\n"), "data-place": `${start} ${end}` });
  mark.style.setProperty("--hue", hue(labels[0].type));
  const rest = labels.length > MOST_NAMES ? ` +${labels.length - MOST_NAMES}` : "";
  const names = labels.slice(0, MOST_NAMES).map(({ name }) => name);
  const small = element("small", names.join(" · ") + rest, { "aria-hidden": "true" });
  // Read aloud; what is shown for it is the tip.
  return [mark, [small, element("span", ` (${lines.join(", ")}) `, { class: "unseen" })]];
}

/**
 * Draw a text with what was found in colour.
 * @param most letters that are drawn, if that is not in the midst of something that was found.
 * @returns the number of results that could not be drawn, and whether the text was cut.
 */
export function drawText(target, text, results, most) {
  const letters = Array.from(text);
  const all = spans(results);
  const whole = nested(all);
  const across = letters.length > most ? whole.find((span) => span.start < most && span.end > most) : undefined;
  const cut = Math.min(across?.start ?? most, letters.length);
  const drawn = whole.filter((span) => span.end <= cut);
  let place = 0;
  let next = 0;
  const fill = (parent, end) => {
    while (next < drawn.length && drawn[next].start < end) {
      const span = drawn[next];
      next += 1;
      parent.append(letters.slice(place, span.start).join(""));
      place = span.start;
      const [mark, label] = markOf(span);
      fill(mark, span.end);
      mark.append(...label);
      parent.append(mark);
    }
    parent.append(letters.slice(place, end).join(""));
    place = end;
  };
  const parts = document.createDocumentFragment();
  fill(parts, cut);
  // While it is there, browsers look through all of the text for each part that comes or goes.
  target.removeAttribute("dir");
  target.replaceChildren(parts, cut < letters.length ? "…" : "");
  target.dir = "auto";
  target.querySelector("mark")?.setAttribute("tabindex", "0");
  return { left: all.length - whole.length + results.filter((each) => each.parts).length, isCut: cut < letters.length };
}

/** Draw what the colours mean. */
export function drawLegend(target, results) {
  const types = [...new Set(results.filter(isPlaced).map((each) => each.type))].sort();
  target.replaceChildren(
    ...types.map((type) => {
      const item = element("li");
      const swatch = element("span", type, { class: "swatch" });
      swatch.style.setProperty("--hue", hue(type));
      item.append(swatch);
      return item;
    }),
  );
}

const COLUMNS = [
  ["type", (each) => each.type],
  ["span", (each) => each.span],
  ["start", (each) => each.start, "number"],
  ["end", (each) => each.end, "number"],
  ["subject", (each) => each.subject?.span],
  ["object", (each) => each.object?.span],
  ["probability", (each) => percent(each.prob), "number"],
];

/** Draw results as a table, relations with their two sides. */
export function drawTable(caption, head, rows, results) {
  const shown = results.slice(0, MOST_ROWS);
  const columns = COLUMNS.filter(([, value]) => shown.some((each) => (value(each) ?? "") !== ""));
  const names = element("tr");
  names.append(...columns.map(([name, , kind = ""]) => element("th", say(name), { scope: "col", class: kind })));
  head.replaceChildren(names);
  const lines = shown.map((each) => {
    const row = element("tr");
    const cell = (value, kind) => element("td", String(value ?? ""), kind ? { class: kind } : { dir: "auto", lang: "" });
    row.append(...columns.map(([, value, kind]) => cell(value(each), kind)));
    return row;
  });
  rows.replaceChildren(...lines);
  caption.textContent = lines.length < results.length ? say("foundFirst", lines.length, results.length) : say("found");
  caption.closest(".wide").hidden = results.length === 0;
}
