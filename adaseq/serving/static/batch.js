// Predictions for a file: read, sent in parts, and given back as a file.

import { Problem, predictAll, unmarked } from "./api.js";
import { say, tell } from "./words.js";

/** What a value in JSON asks for: a text, a list of words, or an object with one of them; null for anything else. */
function inputOf(value) {
  if (typeof value === "string") return { text: value };
  if (Array.isArray(value)) return { tokens: value };
  return typeof value === "object" ? value : null;
}

/** The values of a file in JSON, with the numbers of their lines or places: all of it is one value, or each line is. */
function valuesOf(name, text) {
  if (/\.json$/i.test(name)) {
    try {
      const whole = JSON.parse(text);
      return (Array.isArray(whole) ? whole : [whole]).map((value, number) => [value, number + 1]);
    } catch {
      // Then each line is.
    }
  }
  return linesOf(text).map(([line, number]) => {
    try {
      return [JSON.parse(line), number];
    } catch {
      return [null, number];
    }
  });
}

const linesOf = (text) => text.split(/\r?\n/).map((line, number) => [line, number + 1]).filter(([line]) => line.trim());

/** The inputs of a file: a text on each line, or JSON. */
function inputsOf(name, text) {
  if (!/\.(jsonl?|ndjson)$/i.test(name)) return linesOf(text).map(([line]) => ({ text: line }));
  return valuesOf(name, text).map(([value, number]) => {
    const input = inputOf(value);
    if (input === null) throw new Problem(() => say("badLine", number));
    return input;
  });
}

async function read(file) {
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Problem(() => say("textBroken"));
  }
  const inputs = inputsOf(file.name, text);
  if (!inputs.length) throw new Problem(() => say("nothingIn"));
  return inputs;
}

/** Connect the fields of the page with what they do. */
export class Batch {
  /**
   * @param {Record<string, HTMLElement>} fields file, progress, status, error and download.
   * @param {() => Promise<{model: object, limits: object}>} server says what to ask.
   */
  constructor(fields, server) {
    this.fields = fields;
    this.server = server;
    this.newest = 0; // number of the newest file: results of older ones come too late
    fields.file.addEventListener("change", () => fields.file.files.length && this.run(fields.file.files[0]));
    const isFile = (event) => event.dataTransfer?.types.includes("Files");
    const page = document.body;
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      addEventListener(name, (event) => {
        if (!isFile(event)) return;
        event.preventDefault(); // else the browser would show the file in place of this page
        page.classList.toggle("over", name === "dragenter" || name === "dragover");
        if (name === "drop" && event.dataTransfer.files.length) this.run(event.dataTransfer.files[0]);
      });
    }
  }

  async run(file) {
    const { progress, status, error, download } = this.fields;
    this.newest += 1;
    const number = this.newest;
    const isNewest = () => number === this.newest;
    download.hidden = true;
    if (download.href) URL.revokeObjectURL(download.href);
    download.removeAttribute("href");
    tell(status);
    tell(error);
    try {
      const inputs = await read(file);
      const { model, limits } = await this.server();
      progress.max = inputs.length;
      progress.hidden = false;
      const report = (done) => {
        if (!isNewest()) return;
        progress.value = done;
        tell(status, () => say("texts", done, inputs.length));
      };
      report(0);
      const results = await predictAll(model.name, inputs, limits, report);
      if (isNewest()) this.offer(file.name, inputs.map((each) => unmarked(model, each)), results);
    } catch (problem) {
      if (!isNewest()) return;
      tell(status);
      tell(error, problem.make ?? (() => String(problem)));
    } finally {
      if (isNewest()) {
        progress.hidden = true;
        this.fields.file.value = "";
      }
    }
  }

  offer(name, inputs, results) {
    const { download } = this.fields;
    const lines = results.map((each, i) => `${JSON.stringify({ ...inputs[i], ...each })}\n`);
    download.href = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
    download.download = `${name.replace(/\.[^.]*$/, "")}.predictions.jsonl`;
    download.hidden = false;
  }
}
