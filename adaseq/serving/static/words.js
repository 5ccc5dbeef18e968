// What the page says, in both of its languages.

const WORDS = {
  en: {
    skip: "To the results", language: "Language", theme: "Theme", auto: "as the system", light: "light", dark: "dark",
    input: "Text", model: "Model", token: "Token", text: "Text to understand", pair: "Second text",
    markSubject: "Selection is the subject", markObject: "Selection is the object", markMention: "Selection is a mention",
    unmark: "Unmark all", predict: "Predict", shortcut: "or Ctrl + Enter", results: "Results", least: "Least probability",
    batch: "Many texts", batchHelp: "A text file with a text on each line, or JSON Lines. It goes to this server only.",
    drop: "Drop a file here, or choose one:", download: "Download the results (JSON Lines)", api: "The API",
    type: "Type", span: "Text", start: "Start", end: "End", probability: "Probability", subject: "Subject", object: "Object",
    found: "Results, as a table", nothing: "Nothing was found.", hidden: (n) => `${n} below the least probability`,
    working: "Working …", done: (n, seconds) => `${n} found in ${seconds} s`, loading: "The model is loading …",
    texts: (n, all) => `${n} of ${all} texts`, offline: "The server does not answer.", empty: "Type a text first.",
    select: "Select some of the text first.", marked: "Marked", badLine: (n) => `Line ${n} is no JSON; nothing was sent.`,
    nothingIn: "The file holds no text.", wantToken: "The server wants a token.", textBroken: "The file is not UTF-8 text.",
    crossing: "Entities that cross others, or have several parts, stand in the table only.",
  },
  zh: {
    skip: "跳到结果", language: "语言", theme: "主题", auto: "跟随系统", light: "浅色", dark: "深色",
    input: "文本", model: "模型", token: "令牌", text: "要理解的文本", pair: "第二段文本",
    markSubject: "选中的是主体", markObject: "选中的是客体", markMention: "选中的是提及",
    unmark: "取消标记", predict: "预测", shortcut: "或 Ctrl + Enter", results: "结果", least: "最低概率",
    batch: "批量文本", batchHelp: "每行一段文本的文本文件，或 JSON Lines。内容只会发送到本服务器。",
    drop: "把文件拖到这里，或选择文件：", download: "下载结果（JSON Lines）", api: "接口说明",
    type: "类型", span: "文本", start: "起点", end: "终点", probability: "概率", subject: "主体", object: "客体",
    found: "结果表", nothing: "没有找到。", hidden: (n) => `${n} 个低于最低概率`,
    working: "处理中……", done: (n, seconds) => `找到 ${n} 个，用时 ${seconds} 秒`, loading: "模型正在加载……",
    texts: (n, all) => `${n} / ${all} 段文本`, offline: "服务器没有应答。", empty: "请先输入文本。",
    select: "请先选中一段文本。", marked: "已标记", badLine: (n) => `第 ${n} 行不是 JSON；没有发送任何内容。`,
    nothingIn: "文件中没有文本。", wantToken: "服务器需要令牌。", textBroken: "文件不是 UTF-8 文本。",
    crossing: "与其他实体交叉或由几部分组成的实体只列在表中。",
  },
};

let language = "en";

/** The page's text of a name; what varies in it follows. */
export function say(name, ...values) {
  const word = WORDS[language][name];
  return typeof word === "function" ? word(...values) : word;
}

/** Show the whole page in a language. */
export function speak(chosen) {
  language = chosen in WORDS ? chosen : "en";
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
}
