// Results on the page. Whatever a text or a model holds becomes text, never markup.

import { say } from "./words.js";

/** An element with text in it. */
export function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** A colour for a type, the same each time. */
function hue(type) {
  let sum = 7;
  for (const letter of type) sum = (sum * 31 + letter.codePointAt(0)) % 360000;
  return (sum * 47) % 360;
}

const percent = (probability) => (probability === undefined ? "" : probability.toFixed(3));
const isDrawable = (entity) => entity.start !== undefined && entity.end > entity.start && !entity.parts;

/** The entities that lie in each other or beside each other, outer ones first; those that cross one before are left out. */
function nested(entities) {
  const sorted = entities.filter(isDrawable).sort((a, b) => a.start - b.start || b.end - a.end);
  const open = [];
  return sorted.filter((entity) => {
    while (open.length && open.at(-1).end <= entity.start) open.pop();
    if (open.length && open.at(-1).end < entity.end) return false;
    open.push(entity);
    return true;
  });
}

/** Draw a text with its entities in colour. */
export function drawText(target, text, entities) {
  const letters = Array.from(text);
  const drawn = nested(entities);
  let place = 0;
  let next = 0;
  const fill = (parent, end) => {
    while (next < drawn.length && drawn[next].start < end) {
      const entity = drawn[next];
      next += 1;
      parent.append(letters.slice(place, entity.start).join(""));
      place = entity.start;
      const label = `${entity.type} ${percent(entity.prob)}`.trim();
      const mark = element("mark", undefined, { title: label, tabindex: "0" });
      mark.style.setProperty("--hue", hue(entity.type));
      fill(mark, entity.end);
      mark.append(element("small", entity.type, { "aria-label": label }));
      parent.append(mark);
    }
    parent.append(letters.slice(place, end).join(""));
    place = end;
  };
  target.replaceChildren();
  fill(target, letters.length);
  return drawn.length === entities.length;
}

/** Draw what the colours mean. */
export function drawLegend(target, entities) {
  const types = [...new Set(entities.filter(isDrawable).map((entity) => entity.type))].sort();
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

/** Draw results as a table, relations with their two sides. */
export function drawTable(table, results) {
  table.hidden = results.length === 0;
  table.replaceChildren(element("caption", say("found")));
  const names = [
    ["type", (each) => each.type],
    ["span", (each) => each.span],
    ["start", (each) => each.start],
    ["end", (each) => each.end],
    ["subject", (each) => each.subject?.span],
    ["object", (each) => each.object?.span],
    ["probability", (each) => percent(each.prob)],
  ].filter(([, value]) => results.some((each) => value(each) !== undefined && value(each) !== ""));
  const head = element("tr");
  head.append(...names.map(([name]) => element("th", say(name), { scope: "col" })));
  table.append(element("thead"), element("tbody"));
  table.tHead.append(head);
  for (const each of results.slice(0, 1000)) {
    const row = element("tr");
    row.append(...names.map(([, value]) => element("td", String(value(each) ?? ""), { dir: "auto" })));
    table.tBodies[0].append(row);
  }
}
