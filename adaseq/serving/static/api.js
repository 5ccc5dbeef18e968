// Requests to the server. Positions in texts count code points there, and UTF-16 units in browsers.

import { say } from "./words.js";

const PATIENCE = 5; // times that a busy server is asked again
const KEYS = ["text", "tokens", "mask", "pair_text", "pair", "subject", "object", "mentions"];
const MARKS = /<\/?(?:e1|e2|E|O)>/g; // around the entities of a relation
let token = "";

/** The token for all requests that follow; it is kept nowhere else. */
export function useToken(given) {
  token = given;
}

export const hasToken = () => token !== "";

/** Something that went wrong; what it is called depends on the language of the page. */
export class Problem extends Error {
  /** @param {() => string} make makes the text for people. */
  constructor(make, { status = 0, code = "", index = null } = {}) {
    super(make());
    Object.assign(this, { make, status, code, index });
  }
}

async function ask(path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try {
    const method = body === undefined ? "GET" : "POST";
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(() => say("offline"));
  }
  const content = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return content;
  const { code = "", message = `${answer.status} ${answer.statusText}`, index = null } = content?.error ?? {};
  throw new Problem(() => say("refused", code, message), { status: answer.status, code, index });
}

/** The models, and the limits of requests. */
export const models = () => ask("/v1/models");

/** The results for some inputs, in their order. What else a record holds is not sent. */
export async function predict(model, inputs) {
  const sent = inputs.map((each) => Object.fromEntries(KEYS.filter((key) => key in each).map((key) => [key, each[key]])));
  return (await ask("/v1/predict", { model, inputs: sent })).results;
}

async function predictPatiently(model, inputs) {
  for (let left = PATIENCE; ; left -= 1) {
    try {
      return await predict(model, inputs);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "busy" || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

/**
 * The results for any number of inputs, in requests as large as the limits allow.
 * @param {(done: number) => void} report is told how many are done.
 */
export async function predictAll(model, inputs, limits, report) {
  const results = [];
  const most = Math.max(limits.max_body_bytes / 2, 1);
  for (let start = 0; start < inputs.length; ) {
    let end = start;
    let size = 0;
    while (end < inputs.length && end - start < Math.min(limits.max_texts, 64)) {
      size += new Blob([JSON.stringify(inputs[end])]).size;
      if (end > start && size > most) break;
      end += 1;
    }
    try {
      results.push(...(await predictPatiently(model, inputs.slice(start, end))));
    } catch (error) {
      if (!(error instanceof Problem) || error.index === null) throw error;
      const number = start + error.index + 1;
      throw new Problem(() => say("inText", number, error.make()), error);
    }
    start = end;
    report(start);
  }
  return results;
}

/** An input as its result counts it: for a model of relations, without the marks of the entities. */
export function unmarked(model, input) {
  if (model.extra_input !== "entities" || input.subject || input.object) return input;
  const { text, tokens } = input;
  if (text !== undefined) return { ...input, text: text.replace(MARKS, "") };
  return { ...input, tokens: tokens.filter((word) => !word || word.replace(MARKS, "")) };
}

/** A place that counts UTF-16 units, in code points. */
export const codePoints = (text, place) => Array.from(text.slice(0, place)).length;
