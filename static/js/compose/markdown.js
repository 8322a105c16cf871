// Marks of Markdown around or before what is selected.

const AROUND = { bold: "**", italic: "*", code: "`" };
const BEFORE = { list: "- ", quote: "> " };

export function format(area, mark) {
  let { selectionStart: start, selectionEnd: end, value } = area;
  area.focus();
  if (BEFORE[mark]) {
    start = value.lastIndexOf("\n", start - 1) + 1;
    const until = value.indexOf("\n", end);
    end = until < 0 ? value.length : until;
    const lines = value.slice(start, end).split("\n");
    const has = lines.every((line) => line.startsWith(BEFORE[mark]));
    const made = lines.map((line) => (has ? line.slice(2) : BEFORE[mark] + line)).join("\n");
    insert(area, start, end, made);
    return;
  }
  const text = value.slice(start, end);
  if (mark === "link") {
    const isUrl = /^https?:\/\/\S+$/.test(text);
    insert(area, start, end, isUrl ? `[](${text})` : `[${text}](https://)`);
    const at = isUrl || !text ? start + 1 : start + text.length + 3;
    area.setSelectionRange(at, isUrl || !text ? at : at + 8);
    return;
  }
  if (mark === "code" && text.includes("\n")) {
    insert(area, start, end, `\`\`\`\n${text.replace(/\n$/, "")}\n\`\`\`\n`);
    return;
  }
  const sign = AROUND[mark];
  const { length } = sign;
  if (value.slice(start - length, start) === sign && value.slice(end, end + length) === sign) {
    insert(area, start - length, end + length, text);
    area.setSelectionRange(start - length, end - length);
    return;
  }
  insert(area, start, end, sign + text + sign);
  area.setSelectionRange(start + length, end + length);
}

/** Replace text in a way that the browser's own undo knows. */
function insert(area, start, end, text) {
  area.setSelectionRange(start, end);
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, start, end, "end");
    area.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}
