// The page: what happens when something is typed, moved or chosen.

import { Problem, codePoints, hasToken, models, predict, unmarked, useToken } from "./api.js";
import { drawArcs } from "./arcs.js";
import { Batch } from "./batch.js";
import { drawLegend, drawTable, drawText, isRelation, useTypes } from "./drawing.js";
import { showTips, walkMarks } from "./tip.js";
import { say, speak, tell } from "./words.js";

const PAUSE = 600; // milliseconds without a key before a text is sent
const SHORT = 2000; // characters up to which that is done
const MOST_SHOWN = 500; // results in the JSON on the page
const MOST_LETTERS = 20000; // that are drawn before somebody asks for all of them

const at = (id) => document.getElementById(id);
const known = new Map(); // name of a model -> what the server says of it
let limits = null;
let last = null; // {text, result, seconds, most} of the newest answer
let newest = 0; // number of the newest request: older answers come too late
let relations = []; // that are drawn
let frame = 0;
let marks = {};

const complain = (problem) => tell(at("error"), problem.make ?? (() => String(problem)));
const model = () => known.get(at("model").value);

function remembered(name, fallback) {
  try {
    return localStorage.getItem(`adaseq.${name}`) ?? fallback;
  } catch {
    return fallback; // storage is switched off
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(`adaseq.${name}`, value);
  } catch {
    // The choice then holds for this visit.
  }
}

/** Ask the server for its models. */
async function load() {
  const answer = await models();
  limits = answer.limits;
  const chosen = at("model").value || answer.default;
  known.clear();
  for (const each of answer.models) known.set(each.name, each);
  at("model").replaceChildren(...answer.models.map((each) => new Option(`${each.name} (${each.task})`, each.name)));
  at("model").value = known.has(chosen) ? chosen : answer.default;
  showFields();
}

/** Load the models, wait for them, or say what the server wants first. */
async function start() {
  try {
    await load();
    tell(at("error"));
    tell(at("status"));
  } catch (problem) {
    if (problem.status === 503) {
      tell(at("status"), () => say("loading"));
      setTimeout(start, 1000);
      return;
    }
    if (problem.status === 401) at("token-field").hidden = false;
    complain(wanted(problem));
  }
}

/** What is said of an error: a token that is missing is asked for. */
function wanted(problem) {
  if (problem.status !== 401) return problem;
  return new Problem(() => say(hasToken() ? "wrongToken" : "wantToken"), problem);
}

/** Show the fields that the chosen model asks for. */
function showFields() {
  const extra = model()?.extra_input ?? null;
  at("pair-field").hidden = extra !== "pair";
  at("marks").hidden = extra !== "entities" && extra !== "mentions";
  for (const id of ["mark-subject", "mark-object"]) at(id).hidden = extra !== "entities";
  at("mark-mention").hidden = extra !== "mentions";
  unmark();
}

/** Whether the model can answer with a text alone. */
const isEnough = () => (model()?.extra_input ?? "pair") === "pair";

function unmark() {
  marks = {};
  tell(at("marked"));
}

/** Take the selected text as a side of a relation, or as one more mention. */
function mark(name) {
  const { value, selectionStart, selectionEnd } = at("text");
  if (selectionStart === selectionEnd) {
    complain(new Problem(() => say("select")));
    return;
  }
  const range = { place: [codePoints(value, selectionStart), codePoints(value, selectionEnd)], text: value.slice(selectionStart, selectionEnd) };
  marks[name] = name === "mention" ? [...(marks.mention ?? []), range] : [range];
  const said = Object.entries(marks).flatMap(([each, ranges]) => ranges.map(({ text }) => [each, text]));
  tell(at("marked"), () => said.map(([each, text]) => `${say(each)}: \u2068${text}\u2069`).join(" · "));
  tell(at("error"));
}

function input() {
  const made = { text: at("text").value };
  if (marks.mention) made.mentions = marks.mention.map(({ place }) => place);
  for (const side of ["subject", "object"]) if (marks[side]) made[side] = marks[side][0].place;
  if (model()?.extra_input === "pair" && at("pair").value.trim()) made.pair_text = at("pair").value;
  return made;
}

async function run() {
  newest += 1;
  const number = newest;
  const begin = performance.now();
  try {
    if (!at("text").value.trim()) {
      at("text").focus();
      throw new Problem(() => say("empty"));
    }
    tell(at("status"), () => say("working"));
    if (!known.size) await load();
    const given = input();
    useTypes(model().types);
    const { text } = unmarked(model(), given);
    const [result] = await predict(model().name, [given]);
    if (number !== newest) return;
    last = { text, result, seconds: (performance.now() - begin) / 1000, most: MOST_LETTERS };
    tell(at("error"));
  } catch (problem) {
    if (number !== newest) return;
    last = null; // an older answer would look like that to the newer text
    tell(at("status"));
    complain(wanted(problem));
  }
  show();
}

/** Draw the newest answer, without what is less probable than the slider says. */
function show() {
  const least = Number(at("least").value);
  at("least-value").textContent = least.toFixed(2);
  at("found").hidden = last === null;
  if (last === null) return;
  const { result, seconds } = last;
  const all = result.output ?? [];
  const shown = all.filter((each) => (each.prob ?? 1) >= least);
  const { left, isCut } = drawText(at("drawing"), last.text, shown, last.most);
  at("whole").hidden = !isCut;
  drawLegend(at("legend"), shown);
  drawTable(at("found-title"), at("head"), at("rows"), shown);
  const rest = shown.length - MOST_SHOWN;
  const json = JSON.stringify({ ...result, output: shown.slice(0, MOST_SHOWN) }, null, 2);
  at("json").textContent = rest > 0 ? `${json}\n${say("more", rest)}` : json;
  relations = shown.filter(isRelation);
  drawArcs(at("drawing"), relations);
  tell(at("status"), () => {
    const parts = [all.length ? say("done", shown.length, seconds.toFixed(2)) : say("nothing")];
    if (shown.length < all.length) parts.push(say("hidden", all.length - shown.length));
    if (left) parts.push(say("crossing", left));
    return parts.join(" · ");
  });
}

/** Draw once for all that happens before the next picture. */
function showSoon() {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(show);
}

function listen() {
  let timer = 0;
  const runSoon = () => {
    clearTimeout(timer);
    const { value } = at("text");
    if (isEnough() && value.length <= SHORT && value.trim()) timer = setTimeout(run, PAUSE);
  };
  at("text").addEventListener("input", () => {
    unmark();
    runSoon();
  });
  at("pair").addEventListener("input", runSoon);
  at("model").addEventListener("change", () => {
    showFields();
    runSoon();
  });
  const runNow = () => {
    clearTimeout(timer);
    run();
  };
  for (const id of ["text", "pair"]) {
    at(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) runNow();
    });
  }
  at("predict").addEventListener("click", runNow);
  at("least").addEventListener("input", showSoon);
  at("whole").addEventListener("click", () => {
    last.most = Infinity;
    show();
    at("drawing").querySelector("mark")?.focus(); // the button is gone
  });
  for (const name of ["subject", "object", "mention"]) at(`mark-${name}`).addEventListener("click", () => mark(name));
  at("unmark").addEventListener("click", unmark);
  at("token").addEventListener("change", () => {
    useToken(at("token").value);
    start();
  });
  at("language").addEventListener("change", () => {
    remember("language", at("language").value);
    speak(at("language").value);
    show();
  });
  at("theme").addEventListener("change", () => {
    remember("theme", at("theme").value);
    paint();
  });
  new ResizeObserver(() => drawArcs(at("drawing"), relations)).observe(at("found"));
}

/** Choose the colours; without a choice they are those of the system. */
function paint() {
  document.documentElement.dataset.theme = at("theme").value;
}

const fields = { file: at("file"), progress: at("progress"), status: at("batch-status"), error: at("batch-error"), download: at("download") };
new Batch(fields, async () => {
  if (!known.size) await load();
  return { model: model(), limits };
});
at("language").value = remembered("language", navigator.language.startsWith("zh") ? "zh" : "en");
at("theme").value = remembered("theme", "auto");
speak(at("language").value);
paint();
showTips(at("drawing"), at("tip"));
walkMarks(at("drawing"));
listen();
start();
