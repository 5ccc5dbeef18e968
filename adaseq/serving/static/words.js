// What the page says, in both of its languages.

const WORDS = {
  en: {
    skip: "To the results", language: "Language", theme: "Theme", auto: "as the system", light: "light", dark: "dark",
    input: "Text", model: "Model", token: "Token", text: "Text to understand", typeHere: "Type or paste a text here",
    pair: "Second text (optional)", markSubject: "Selection is the subject", markObject: "Selection is the object",
    markMention: "Selection is a mention", unmark: "Unmark all", predict: "Predict", shortcut: "or Ctrl + Enter",
    results: "Results", least: "Least probability", legend: "Types", drawing: "The text; arrow keys go from one entity to the next",
    batch: "Many texts", batchHelp: "A text file with a text on each line, JSON Lines, or a JSON list. It goes to this server only.",
    drop: "Drop a file here, or", choose: "choose a file", download: "Download the results (JSON Lines)", api: "The API",
    type: "Type", span: "Text", start: "Start", end: "End", probability: "Probability", subject: "Subject", object: "Object",
    mention: "Mention", found: "Results, as a table", foundFirst: (n, all) => `Results, as a table: the first ${n} of ${all}`,
    nothing: "Nothing was found.", hidden: (n) => `${n} below the least probability`, working: "Working …",
    done: (n, seconds) => `${n} found in ${seconds} s`, loading: "The models are being loaded …",
    texts: (n, all) => `${n} of ${all} texts`, offline: "The server does not answer.", empty: "Type a text first.",
    select: "Select some of the text first.", badLine: (n) => `Number ${n} in the file is neither a text nor an object in JSON; nothing was sent.`,
    nothingIn: "The file holds no text.",
    wantToken: "The server wants a token.", wrongToken: "This is not the token that the server wants.",
    textBroken: "The file is not UTF-8 text.", inText: (n, message) => `Text ${n} of the file: ${message}`,
    crossing: (n) => `${n} stand in the table only: they cross others, or have several parts`,
    refused: (code, message) => `The server says: ${message}`, more: (n) => `… and ${n} more; the API gives all of them.`, whole: "Show the whole text",
  },
  zh: {
    skip: "跳到结果", language: "语言", theme: "主题", auto: "跟随系统", light: "浅色", dark: "深色",
    input: "文本", model: "模型", token: "令牌", text: "要理解的文本", typeHere: "在此输入或粘贴文本",
    pair: "第二段文本（可选）", markSubject: "选中的是主体", markObject: "选中的是客体",
    markMention: "选中的是提及", unmark: "取消标记", predict: "预测", shortcut: "或 Ctrl + Enter",
    results: "结果", least: "最低概率", legend: "类型", drawing: "文本；用方向键在实体之间移动",
    batch: "批量文本", batchHelp: "每行一段文本的文本文件、JSON Lines 或 JSON 列表。内容只会发送到本服务器。",
    drop: "把文件拖到这里，或", choose: "选择文件", download: "下载结果（JSON Lines）", api: "接口说明",
    type: "类型", span: "文本", start: "起点", end: "终点", probability: "概率", subject: "主体", object: "客体",
    mention: "提及", found: "结果表", foundFirst: (n, all) => `结果表：${all} 个中的前 ${n} 个`,
    nothing: "没有找到。", hidden: (n) => `${n} 个低于最低概率`, working: "处理中……",
    done: (n, seconds) => `找到 ${n} 个，用时 ${seconds} 秒`, loading: "模型正在加载……",
    texts: (n, all) => `${n} / ${all} 段文本`, offline: "服务器没有应答。", empty: "请先输入文本。",
    select: "请先选中一段文本。", badLine: (n) => `文件中的第 ${n} 条既不是 JSON 字符串也不是 JSON 对象；没有发送任何内容。`,
    nothingIn: "文件中没有文本。",
    wantToken: "服务器需要令牌。", wrongToken: "令牌不对。",
    textBroken: "文件不是 UTF-8 文本。", inText: (n, message) => `文件中的第 ${n} 段文本：${message}`,
    crossing: (n) => `${n} 个只列在表中：与其他实体交叉，或由几部分组成`,
    refused: (code, message) => `${CODES[code] ?? "服务器返回错误"}：${message}`, more: (n) => `……还有 ${n} 个；接口会给出全部。`, whole: "显示全文",
  },
};

// The codes of errors; the message that follows is the server's own.
const CODES = {
  busy: "服务器正忙", not_ready: "服务器尚未就绪", timeout: "服务器没有及时得出结果", text_too_long: "文本太长",
  too_many_texts: "文本太多", too_many_mentions: "提及太多", body_too_large: "内容太大", slow_request: "内容到达太慢", invalid_input: "输入不符合要求",
  no_such_model: "没有这个模型", unauthorized: "令牌不对", internal_error: "服务器出错",
};

const told = new Map(); // element -> what makes its text
let language = "en";

/** The page's text of a name; what varies in it follows. */
export function say(name, ...values) {
  const word = WORDS[language][name];
  return typeof word === "function" ? word(...values) : word;
}

/** The names of all texts, for each language: a test compares them. */
export const names = () => Object.values(WORDS).map((words) => Object.keys(words).sort());

/** Let an element say something, and say it again when the language changes. */
export function tell(element, make = () => "") {
  told.set(element, make);
  element.textContent = make();
}

/** Show the whole page in a language. */
export function speak(chosen) {
  language = chosen in WORDS ? chosen : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  for (const each of document.querySelectorAll("[data-say-label]")) each.setAttribute("aria-label", say(each.dataset.sayLabel));
  for (const each of document.querySelectorAll("[data-say-placeholder]")) each.placeholder = say(each.dataset.sayPlaceholder);
  for (const [element, make] of told) element.textContent = make();
}
