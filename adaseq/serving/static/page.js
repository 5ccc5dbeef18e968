// The page: what happens when something is typed, moved, chosen or dropped.

import { ServerError, codePoints, models, predict, predictAll, useToken } from "./api.js";
import { drawLegend, drawTable, drawText } from "./drawing.js";
import { say, speak } from "./words.js";

const PAUSE = 600; // milliseconds without a key before a text is sent
const SHORT = 2000; // characters up to which that is done

const at = (id) => document.getElementById(id);
const known = new Map(); // name of a model -> what the server says of it
let limits = null;
let last = null; // {input, output, seconds} of the newest answer
let newest = 0; // number of the newest request: older answers come too late
let marks = {};
let link = "";

function complain(error) {
  at("error").textContent = error instanceof Error ? error.message : error;
}

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

const model = () => known.get(at("model").value);

async function start() {
  try {
    const answer = await models();
    limits = answer.limits;
    const chosen = at("model").value || answer.default;
    known.clear();
    for (const each of answer.models) known.set(each.name, each);
    at("model").replaceChildren(...answer.models.map((each) => new Option(`${each.name} (${each.task})`, each.name)));
    at("model").value = known.has(chosen) ? chosen : answer.default;
    showFields();
    complain("");
  } catch (error) {
    if (error instanceof ServerError && error.status === 401) {
      at("token-field").hidden = false;
      complain(say("wantToken"));
    } else if (error instanceof ServerError && error.status === 503) {
      at("status").textContent = say("loading");
      setTimeout(start, 1000);
    } else {
      complain(error);
    }
  }
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

function unmark() {
  marks = {};
  at("marked").textContent = "";
}

/** Take the selected text as a side of a relation, or as one more mention. */
function mark(name) {
  const { value, selectionStart, selectionEnd } = at("text");
  if (selectionStart === selectionEnd) {
    complain(say("select"));
    return;
  }
  const range = [codePoints(value, selectionStart), codePoints(value, selectionEnd)];
  if (name === "mentions") marks.mentions = [...(marks.mentions ?? []), range];
  else marks[name] = range;
  at("marked").textContent += ` ${value.slice(selectionStart, selectionEnd)} `;
  complain("");
}

function input() {
  const made = { text: at("text").value, ...marks };
  if (model()?.extra_input === "pair" && at("pair").value.trim()) made.pair_text = at("pair").value;
  return made;
}

async function run() {
  const given = input();
  if (!given.text.trim()) {
    complain(say("empty"));
    return;
  }
  if (!known.size) await start();
  newest += 1;
  const number = newest;
  const begin = performance.now();
  at("status").textContent = say("working");
  try {
    const [result] = await predict(at("model").value, [given]);
    if (number !== newest) return;
    last = { input: given, result, seconds: (performance.now() - begin) / 1000 };
    complain("");
    show();
  } catch (error) {
    if (number !== newest) return;
    at("status").textContent = "";
    complain(error);
  }
}

/** Draw the newest answer, without what is less probable than the slider says. */
function show() {
  at("least-value").textContent = Number(at("least").value).toFixed(2);
  if (last === null) return;
  const least = Number(at("least").value);
  const all = last.result.output ?? [];
  const shown = all.filter((each) => (each.prob ?? 1) >= least);
  const isWhole = drawText(at("drawing"), last.input.text, shown.filter((each) => each.start !== undefined));
  drawLegend(at("legend"), shown);
  drawTable(at("table"), shown);
  at("json").textContent = JSON.stringify({ ...last.result, output: shown }, null, 2);
  const parts = [shown.length ? say("done", shown.length, last.seconds.toFixed(2)) : say("nothing")];
  if (shown.length < all.length) parts.push(say("hidden", all.length - shown.length));
  if (!isWhole) parts.push(say("crossing"));
  at("status").textContent = parts.join(" · ");
}

/** The inputs of a file: a text on each line, or an object. */
function inputsOf(name, text) {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const isJson = /\.jsonl?$/i.test(name);
  const inputs = [];
  lines.forEach((line, number) => {
    if (!line.trim()) return;
    if (!isJson) {
      inputs.push({ text: line });
      return;
    }
    try {
      const record = JSON.parse(line);
      inputs.push(typeof record === "string" ? { text: record } : record);
    } catch {
      throw new Error(say("badLine", number + 1));
    }
  });
  if (!inputs.length) throw new Error(say("nothingIn"));
  return inputs;
}

async function runFile(file) {
  const progress = at("progress");
  at("download").hidden = true;
  if (link) URL.revokeObjectURL(link);
  link = "";
  try {
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
    } catch {
      throw new Error(say("textBroken"));
    }
    const inputs = inputsOf(file.name, text);
    if (!known.size) await start();
    progress.hidden = false;
    progress.max = inputs.length;
    const report = (done) => {
      progress.value = done;
      at("batch-status").textContent = say("texts", done, inputs.length);
    };
    report(0);
    const results = await predictAll(at("model").value, inputs, limits, report);
    const lines = results.map((each, i) => JSON.stringify({ ...inputs[i], ...each }));
    link = URL.createObjectURL(new Blob([lines.join("\n"), "\n"], { type: "application/x-ndjson" }));
    at("download").href = link;
    at("download").download = `${file.name.replace(/\.[^.]*$/, "")}.predictions.jsonl`;
    at("download").hidden = false;
    complain("");
  } catch (error) {
    at("batch-status").textContent = "";
    complain(error);
  } finally {
    progress.hidden = true;
    at("file").value = "";
  }
}

function listen() {
  let timer = 0;
  at("text").addEventListener("input", () => {
    unmark();
    clearTimeout(timer);
    if (model()?.extra_input || at("text").value.length > SHORT || !at("text").value.trim()) return;
    timer = setTimeout(run, PAUSE);
  });
  for (const id of ["text", "pair"]) {
    at(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run();
    });
  }
  at("predict").addEventListener("click", run);
  at("least").addEventListener("input", show);
  at("model").addEventListener("change", showFields);
  at("mark-subject").addEventListener("click", () => mark("subject"));
  at("mark-object").addEventListener("click", () => mark("object"));
  at("mark-mention").addEventListener("click", () => mark("mentions"));
  at("unmark").addEventListener("click", unmark);
  at("token").addEventListener("change", () => {
    useToken(at("token").value);
    start();
  });
  at("file").addEventListener("change", () => at("file").files.length && runFile(at("file").files[0]));
  const drop = at("drop");
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length) runFile(event.dataTransfer.files[0]);
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
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

function paint() {
  const chosen = at("theme").value;
  const isDark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
}

at("language").value = remembered("language", navigator.language.startsWith("zh") ? "zh" : "en");
at("theme").value = remembered("theme", "auto");
speak(at("language").value);
paint();
listen();
start();
