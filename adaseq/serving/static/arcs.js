// Relations as arcs over the text, from the subject to the object.

const SPACE = "http://www.w3.org/2000/svg";
const HEIGHT = 20; // pixels from a word to the top of its arc

function shape(name, attributes, text) {
  const made = document.createElementNS(SPACE, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function arrow() {
  const box = { id: "arrow", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 5, markerHeight: 5, orient: "auto" };
  const marker = shape("marker", box);
  marker.append(shape("path", { d: "M0 0 10 5 0 10z" }));
  return marker;
}

/**
 * Draw arcs over a text that is drawn already. The table says the same in words, so they are hidden from screen readers.
 * @param relations with `subject` and `object`.
 */
export function drawArcs(target, relations) {
  target.querySelector(".arcs")?.remove();
  target.classList.toggle("related", relations.length > 0);
  if (!relations.length) return;
  const arcs = shape("svg", { class: "arcs", "aria-hidden": "true" });
  arcs.append(arrow());
  const corner = target.getBoundingClientRect();
  const top = ({ start, end }) => {
    const box = target.querySelector(`[data-place="${Number(start)} ${Number(end)}"]`)?.getClientRects()[0];
    return box && [box.left + box.width / 2 - corner.left, box.top - corner.top + target.scrollTop];
  };
  for (const { subject, object, type } of relations) {
    const [from, to] = [top(subject), top(object)];
    if (!from || !to) continue;
    const [[x, y], [toX, toY]] = [from, to];
    const over = Math.min(y, toY) - HEIGHT * 1.33; // where the middle of the curve is HEIGHT above, on one line
    arcs.append(shape("path", { d: `M${x} ${y - 1}C${x} ${over} ${toX} ${over} ${toX} ${toY - 1}`, "marker-end": "url(#arrow)" }));
    const middle = (y + toY) / 8 + over * 0.75;
    arcs.append(shape("text", { x: Math.min(Math.max((x + toX) / 2, 40), target.clientWidth - 40), y: middle + 4 }, type));
  }
  target.append(arcs);
}
