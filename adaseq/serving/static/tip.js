// The probability of an entity, where the pointer or the keyboard is; and ways through the entities by keyboard.

const GAP = 4; // pixels between a mark and its tip
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

/** Show what is found at the mark under the pointer, or at the one that has the focus. */
export function showTips(area, tip) {
  const hide = () => (tip.hidden = true);
  const show = (mark) => {
    if (!mark) return hide();
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const box = mark.getClientRects()[0];
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.min(box.left, document.documentElement.clientWidth - width - 8);
    const top = box.top - height - GAP;
    tip.style.left = `${Math.max(left, 8)}px`;
    tip.style.top = `${top < 0 ? box.bottom + GAP : top}px`;
  };
  area.addEventListener("pointerover", (event) => show(event.target.closest("mark")));
  area.addEventListener("pointerleave", hide);
  area.addEventListener("focusin", (event) => show(event.target.closest("mark")));
  area.addEventListener("focusout", hide);
  addEventListener("scroll", hide, { capture: true, passive: true });
  addEventListener("keydown", (event) => event.key === "Escape" && hide());
}

/** One mark is a stop of the Tab key; the arrow keys go to the others. */
export function walkMarks(area) {
  area.addEventListener("keydown", (event) => {
    let step = STEPS[event.key];
    const mark = event.target.closest("mark");
    if (!step || !mark || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const isSideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
    if (isSideways && getComputedStyle(area).direction === "rtl") step = -step;
    const marks = [...area.querySelectorAll("mark")];
    const next = marks[Math.min(Math.max(marks.indexOf(mark) + step, 0), marks.length - 1)];
    mark.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
}
