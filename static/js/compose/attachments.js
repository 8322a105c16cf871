// Files that are chosen, dropped or pasted: checked here before anything is sent, then sent one
// after the other to the draft, which is stored first.

import { draftUrl, parsed, token } from "./kept.js";

export class Attachments {
  constructor(row, compose) {
    this.row = row;
    this.compose = compose;
    this.list = row.querySelector("ul");
    this.input = row.querySelector("input[type=file]");
    this.waiting = new Set(); // what is not there yet
    this.lost = new WeakMap(); // lines whose files did not arrive
    this.queue = Promise.resolve();
    // The form itself sends none.
    this.input.removeAttribute("name");
    compose.form.enctype = "application/x-www-form-urlencoded";
    const { signal } = compose.abort;
    const on = (target, type, handler) => target.addEventListener(type, handler, { signal });
    on(this.input, "change", () => this.chosen());
    on(row, "click", (event) => this.clicked(event));
    on(compose, "dragover", (event) => this.over(event));
    on(compose, "dragleave", (event) => this.left(event));
    on(compose, "drop", (event) => this.dropped(event));
    on(compose, "paste", (event) => this.pasted(event));
    on(compose, "opost:saved", () => (this.taking = this.takeOver()));
    this.warn = (event) => event.preventDefault();
  }

  get isBusy() {
    return this.waiting.size > 0;
  }

  /** Whether a file was to be attached that is not: nothing is sent without what was meant. */
  get isLacking() {
    return Boolean(this.list.querySelector(":scope > .failed"));
  }

  /** Say so, and go to the first of them. */
  point() {
    this.compose.problem("lacking", this.isLacking);
    const first = this.list.querySelector(":scope > .failed");
    first?.scrollIntoView({ block: "nearest" });
    first?.querySelector("button:not([hidden])").focus();
  }

  /** Resolves when nothing is under way any more, with whether all that was is there. */
  async done() {
    const items = [...this.waiting];
    let queue;
    do {
      queue = this.queue;
      await queue;
    } while (queue !== this.queue);
    return items.every((item) => !item.line.classList.contains("failed"));
  }

  // --- Where files come from ---

  choose() {
    this.input.click();
  }

  chosen() {
    this.add(this.input.files);
    this.input.value = "";
  }

  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.compose.classList.add("dropping");
  }

  left(event) {
    if (!this.compose.contains(event.relatedTarget)) this.compose.classList.remove("dropping");
  }

  dropped(event) {
    this.compose.classList.remove("dropping");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    this.add(event.dataTransfer.files);
  }

  pasted(event) {
    const { files, types } = event.clipboardData;
    if (!files.length || types.includes("text/plain")) return; // a text is meant as a text
    event.preventDefault();
    this.add(files);
  }

  add(files) {
    for (const file of [...files]) {
      const item = { file, line: this.made(file) };
      const why = this.refusal(file);
      this.list.append(item.line);
      item.line.scrollIntoView({ block: "nearest" });
      if (why) {
        this.failed(item, why);
        continue;
      }
      item.line.dataset.size = file.size;
      this.waiting.add(item);
      this.guard();
      this.queue = this.queue.then(() => this.upload(item));
    }
  }

  /** Why a file is not taken, as the server would say; the server has the last word. */
  refusal(file) {
    const { maxSize, maxSum, maxNumber, refused } = this.row.dataset;
    const there = [...this.list.querySelectorAll("[data-size]")].map((li) => +li.dataset.size);
    const ending = file.name.split(".").pop().toLowerCase();
    if (refused.split(",").includes(ending)) return "program";
    if (file.size > +maxSize) return "tooLarge";
    if (there.length >= +maxNumber) return "tooMany";
    if (there.reduce((sum, size) => sum + size, file.size) > +maxSum) return "tooMuch";
    return "";
  }

  // --- Sending them ---

  async upload(item) {
    try {
      if (item.cancelled) return;
      if (!(await this.compose.stored())) throw new Error("no draft");
      if (item.cancelled) return;
      const answer = await this.sent(item);
      if (item.cancelled) return;
      const made = parsed(answer.responseText);
      if (answer.status !== 200) {
        this.failed(item, "failed", answer.status === 401 ? "" : made.textContent.trim());
        this.compose.problem("signed-out", answer.status === 401);
        return;
      }
      this.replace(item.line, made.firstElementChild);
      this.say("attached", item.file.name);
    } catch {
      if (!item.cancelled) this.failed(item, "failed");
    } finally {
      this.waiting.delete(item);
      this.guard();
    }
  }

  /** A page that is left takes along what is under way, also that of a window that is closed. */
  guard() {
    const change = this.isBusy ? addEventListener : removeEventListener;
    change("beforeunload", this.warn);
  }

  sent(item) {
    const { file } = item;
    const query = new URLSearchParams({ name: file.name, type: file.type });
    const request = (item.request = new XMLHttpRequest());
    const progress = item.line.querySelector("progress");
    request.open("POST", `${draftUrl(this.compose.draft)}attach/?${query}`);
    request.setRequestHeader("X-CSRFToken", token());
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => (progress.value = event.loaded / (event.total || 1));
    // All of it is on its way: from here on it is removed, not cancelled.
    request.upload.onload = () => this.arriving(item.line.querySelector("[data-cancel]"));
    return new Promise((resolve, reject) => {
      request.onload = () => resolve(request);
      request.onerror = request.onabort = request.ontimeout = reject;
      request.send(file);
    });
  }

  /** A button that is disabled loses the focus, which what takes its place is to have. */
  arriving(cancel) {
    if (cancel === document.activeElement) this.unfocused = cancel.closest("li");
    cancel.disabled = true;
  }

  failed(item, why, said = "") {
    const { line, file } = item;
    const text = said || this.row.dataset[why].replace("{name}", file.name);
    line.classList.add("failed");
    line.removeAttribute("data-size");
    line.querySelector("progress").remove();
    line.querySelector("[data-cancel]").disabled = false;
    line.querySelector(".file-name").textContent = text;
    if (why === "failed") {
      this.lost.set(line, file);
      line.querySelector("[data-again]").hidden = false;
    }
    line.scrollIntoView({ block: "nearest" });
    this.compose.say(text);
  }

  again(line) {
    this.add([this.lost.get(line)]);
    const made = this.list.lastElementChild;
    line.replaceWith(made);
    made.querySelector("[data-cancel]").focus();
    if (!this.isLacking) this.compose.problem("lacking", false);
  }

  // --- Taking them out ---

  clicked(event) {
    const button = event.target.closest("[data-cancel], [data-detach], [data-again], [data-leave-out]");
    if (!button) return;
    event.preventDefault();
    const line = button.closest("li");
    if (button.dataset.detach) this.detach(line, button);
    else if (button.matches("[data-again]")) this.again(line);
    else if (button.matches("[data-leave-out]")) this.leaveOut(line, button);
    else this.cancel(line);
  }

  cancel(line) {
    for (const item of this.waiting) {
      if (item.line !== line) continue;
      item.cancelled = true;
      item.request?.abort();
      this.waiting.delete(item);
    }
    this.guard();
    this.remove(line);
  }

  cancelAll() {
    for (const { line } of [...this.waiting]) this.cancel(line);
  }

  async detach(line, button) {
    button.disabled = true;
    try {
      const headers = { "X-CSRFToken": token(), "HX-Request": "true" };
      const answer = await fetch(button.dataset.detach, { method: "POST", headers });
      if (!answer.ok && answer.status !== 404) throw new Error(`detaching: ${answer.status}`);
      this.say("detached", line.querySelector(".file-name").textContent);
      this.remove(line);
    } catch {
      button.disabled = false;
      this.compose.problem("unsent", true);
    }
  }

  /** Of what is forwarded: the draft has it once it is stored, and then it is taken out of that. */
  async leaveOut(line, button) {
    button.disabled = true;
    const nth = [...this.list.querySelectorAll("[data-forwarded]")].indexOf(line);
    if (await this.compose.stored()) {
      await this.taking;
      const made = this.list.querySelectorAll("[data-detach]")[nth];
      if (made) await this.detach(made.closest("li"), made);
    }
    button.disabled = false;
  }

  remove(line) {
    const next = line.nextElementSibling ?? line.previousElementSibling;
    const focused = line.contains(document.activeElement) || document.activeElement === document.body;
    line.remove();
    if (!this.isLacking) this.compose.problem("lacking", false);
    const back = next?.querySelector("button:not([hidden])") ?? this.compose.querySelector("[data-do=attach]");
    if (focused) back.focus();
  }

  /** What is shown is another draft's, until this one is stored and has the same. */
  leave() {
    for (const line of this.list.querySelectorAll(":scope > :has([data-detach])")) {
      line.dataset.forwarded = "";
      line.querySelector("[data-detach]").disabled = true;
    }
  }

  /** The files of what is forwarded are the draft's from its first save on. */
  async takeOver() {
    if (!this.list.querySelector("[data-forwarded]")) return;
    try {
      const answer = await fetch(draftUrl(this.compose.draft), { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const lines = parsed(await answer.text()).querySelectorAll(".files > [data-size]");
      for (const line of this.list.querySelectorAll("[data-forwarded]")) line.remove();
      const there = [...this.list.querySelectorAll("[data-detach]")].map((each) => each.value);
      const isNew = (line) => !there.includes(line.querySelector("[data-detach]")?.value);
      this.list.prepend(...[...lines].filter(isNew));
    } catch {
      // They stay as they are.
    }
  }

  // --- Showing ---

  made(file) {
    const line = this.row.querySelector("[data-file]").content.firstElementChild.cloneNode(true);
    line.querySelector(".file-name").textContent = file.name;
    line.querySelector(".file-size").textContent = sizeOf(file.size);
    for (const named of line.querySelectorAll("[aria-label]")) {
      const label = named.getAttribute("aria-label").replace("{name}", file.name);
      named.setAttribute("aria-label", label);
    }
    return line;
  }

  replace(line, made) {
    const lost = line === this.unfocused && document.activeElement === document.body;
    const focused = lost || line.contains(document.activeElement);
    line.replaceWith(made);
    if (focused) made.querySelector("button")?.focus();
  }

  say(what, name) {
    this.compose.say(this.row.dataset[what].replace("{name}", name));
  }
}

function sizeOf(bytes) {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const nth = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const options = { style: "unit", unit: units[nth], maximumFractionDigits: nth ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(bytes / 1024 ** nth);
}
