// Requests to the server. Positions in texts count code points here and there.

import { say } from "./words.js";

let token = "";

/** The token for all requests that follow; it is kept nowhere else. */
export function useToken(given) {
  token = given;
}

/** An answer of the server that says what is wrong, or that there was none. */
export class ServerError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
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
    throw new ServerError(say("offline"), 0);
  }
  const content = await answer.json().catch(() => null);
  if (answer.ok && content !== null) return content;
  throw new ServerError(content?.error?.message ?? `${answer.status} ${answer.statusText}`, answer.status);
}

/** The models, and the limits of requests. */
export const models = () => ask("/v1/models");

/** The results for some inputs, in their order. */
export const predict = async (model, inputs) => (await ask("/v1/predict", { model, inputs })).results;

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
    results.push(...(await predict(model, inputs.slice(start, end))));
    start = end;
    report(start);
  }
  return results;
}

/** Places in UTF-16, as browsers count, in code points. */
export const codePoints = (text, place) => Array.from(text.slice(0, place)).length;
