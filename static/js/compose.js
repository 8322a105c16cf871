// Writing a post. Without this module every form works all the same; with it names become chips,
// what is typed is saved by itself, and formatting and preview need no reload.

const SAVE_AFTER = 2000; // milliseconds after the last change,
const SAVE_WITHIN = 10000; // and after the first at the latest
const RETRY_AFTER = [2000, 5000, 15000, 60000];
const COMPLETE_AFTER = 80;
const PREVIEW_AFTER = 300;
const KEEPALIVE_LIMIT = 60000; // bytes that a browser sends for a page that is being left
const ABANDONED_AFTER = 30000; // what no page has saved for so long is saved by another
const ASKED_AT_ONCE = 50; // names whose people are asked for
const CONTENT = ["to", "cc", "bcc", "subject", "body", "kind", "in_reply_to", "content_type"];

const composer = document.getElementById("composer");
const SAVE_URL = composer.dataset.save;
const draftUrl = (id) => composer.dataset.draft.replace(/[0-9a-f-]{36}/, id);
let opener = null; // what had the focus before the window opened

// --- What the server has not confirmed yet is kept on this device ----------------------------

const PREFIX = `opost:draft:${composer.dataset.user}:`;

const kept = {
  get(id) {
    try {
      return JSON.parse(localStorage.getItem(PREFIX + id));
    } catch {
      return null;
    }
  },
  put(entry) {
    try {
      localStorage.setItem(PREFIX + entry.id, JSON.stringify({ ...entry, at: Date.now() }));
    } catch {
      // Full or forbidden: the page itself still holds it.
    }
  },
  drop(id) {
    try {
      localStorage.removeItem(PREFIX + id);
    } catch {
      // As above.
    }
  },
  ids() {
    try {
      return Object.keys(localStorage)
        .filter((key) => key.startsWith(PREFIX))
        .map((key) => key.slice(PREFIX.length));
    } catch {
      return [];
    }
  },
};

const same = (one, other) => CONTENT.every((name) => (one[name] ?? "") === (other[name] ?? ""));

/** The token for forms: another one after each signing in, so it is read for every request. */
function token() {
  const cookie = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/);
  return cookie?.[1] ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

function post(url, fields) {
  const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: token() }).toString();
  return fetch(url, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true" },
    keepalive: body.length < KEEPALIVE_LIMIT,
  });
}

function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

function fieldsOf(form) {
  return Object.fromEntries(CONTENT.map((name) => [name, form.elements[name]?.value ?? ""]));
}

/** A draft as the server has it, or null. */
async function stored(id) {
  const answer = await fetch(draftUrl(id), { headers: { "HX-Request": "true" } });
  const form = answer.ok && parsed(await answer.text()).querySelector("form");
  return form ? { fields: fieldsOf(form), version: form.elements.version.value } : null;
}

/**
 * Save an entry: what came of it, as "saved", "conflict", "gone", "signed-out" or "refused".
 * Throws where it is worth trying again.
 */
async function save(entry) {
  const answer = await post(SAVE_URL, { ...entry.fields, draft: entry.id, version: entry.version });
  if (answer.status === 401) return { came: "signed-out" };
  if (answer.status === 403 || answer.status === 429 || answer.status >= 500) {
    throw new Error(`saving: ${answer.status}`);
  }
  const html = await answer.text();
  if (answer.ok) {
    const saved = parsed(html).querySelector("[data-version]");
    if (!saved) throw new Error("saving: no version");
    return { came: "saved", version: saved.dataset.version };
  }
  if (answer.status === 404) return { came: "gone", html };
  if (answer.status !== 409) return { came: "refused", html };
  // It may be our own save that is there, whose answer did not reach us.
  const there = await stored(entry.id);
  if (there && there.version !== entry.version && entry.tried.some((t) => same(t, there.fields))) {
    entry.version = there.version;
    return save(entry);
  }
  return { came: "conflict", html };
}

let sendingKept = false;

/** Save what earlier pages could not; what was changed elsewhere becomes a draft of its own. */
async function saveKept() {
  if (sendingKept) return;
  sendingKept = true;
  let young = false;
  let saved = 0;
  try {
    for (const id of kept.ids()) {
      const entry = kept.get(id);
      if (!entry || document.getElementById("compose")?.draft === id) continue;
      if (Date.now() - entry.at < ABANDONED_AFTER) {
        young = true; // another page may be about to save it
        continue;
      }
      let { came } = await save(entry);
      if (came === "conflict") {
        ({ came } = await save({ ...entry, id: newId(), version: "", tried: [] }));
      }
      if (came === "saved" || came === "gone") kept.drop(id);
      if (came === "saved") saved += 1;
      if (came === "signed-out") break;
    }
  } catch {
    young = true; // the server could not be reached: later
  } finally {
    sendingKept = false;
  }
  if (young) saveKeptLater();
  const page = document.querySelector(".drafts");
  if (saved && page) {
    window.htmx.ajax("GET", location.href, { target: page, select: ".drafts", swap: "outerHTML" });
  }
}

function saveKeptLater() {
  clearTimeout(saveKeptLater.timer);
  saveKeptLater.timer = setTimeout(saveKept, ABANDONED_AFTER + 1000);
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// --- Names as chips ----------------------------------------------------------------------------

class Names {
  constructor(row, compose) {
    this.compose = compose;
    this.urls = row.dataset;
    // Two in the place of one, which htmx may still be settling.
    const given = row.querySelector("input");
    this.box = given.cloneNode();
    this.box.removeAttribute("name");
    this.truth = element("input", { type: "hidden", name: given.name, autocomplete: "off" });
    this.truth.value = given.value;

    const name = row.querySelector("label").textContent.trim();
    this.list = element("ul", { role: "listbox", id: `${this.box.id}-list`, class: "options" });
    this.list.setAttribute("aria-label", compose.dataset.suggestions);
    this.list.hidden = true;
    this.chips = element("ul", { class: "pills", role: "list" });
    this.chips.setAttribute("aria-label", compose.dataset.chosen.replace("{name}", name));
    for (const [key, value] of Object.entries({
      role: "combobox",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": this.list.id,
    })) {
      this.box.setAttribute(key, value);
    }
    this.field = element("div", { class: "names" });
    this.field.append(this.chips, this.box);
    given.replaceWith(this.truth, this.field, this.list);

    const { signal } = compose.abort;
    this.box.addEventListener("keydown", (event) => this.key(event), { signal });
    this.box.addEventListener("input", () => this.typed(), { signal });
    this.box.addEventListener("blur", () => this.commit(), { signal });
    this.chips.addEventListener("click", (event) => this.clicked(event), { signal });
    this.chips.addEventListener("keydown", (event) => this.chipKey(event), { signal });
    this.field.addEventListener("click", (event) => this.clickedBeside(event), { signal });
    this.list.addEventListener("mousedown", (event) => {
      event.preventDefault(); // the focus stays
      const option = event.target.closest("[role=option]");
      if (option && event.button === 0) this.choose(option);
    }, { signal });
    this.read();
  }

  /** Show what the input holds. */
  read() {
    this.chips.replaceChildren();
    this.box.value = "";
    this.add(split(this.truth.value), { quiet: true });
  }

  get names() {
    return [...this.chips.children].map((chip) => chip.dataset.name);
  }

  /** Write what is shown, and what is being typed, to the input. */
  write() {
    const value = [...this.names, this.box.value.trim()].filter(Boolean).join(", ");
    if (this.truth.value === value) return;
    this.truth.value = value;
    this.compose.changed();
  }

  typed() {
    if (/[,;\n]/.test(this.box.value)) {
      const parts = split(this.box.value);
      this.box.value = "";
      this.add(parts);
    }
    this.write();
    this.suggest();
  }

  commit() {
    this.asking?.abort();
    this.close();
    const typed = split(this.box.value);
    if (!typed.length) return;
    this.box.value = "";
    this.add(typed);
    this.write();
  }

  add(names, { quiet = false } = {}) {
    const fresh = [];
    for (const name of names) {
      const twin = this.names.find((there) => there.toLowerCase() === name.toLowerCase());
      if (twin) {
        if (!quiet) this.compose.tell("twice", twin);
        continue;
      }
      const chip = this.compose.chip(name);
      this.chips.append(chip);
      fresh.push(chip);
    }
    for (let first = 0; first < fresh.length; first += ASKED_AT_ONCE) {
      this.look(fresh.slice(first, first + ASKED_AT_ONCE), quiet);
    }
  }

  /** Ask who is meant: a group's chip says its size, one that nobody has is an error. */
  async look(chips, quiet) {
    const names = chips.map((chip) => chip.dataset.name).join(",");
    try {
      const url = `${this.urls.recipients}?${new URLSearchParams({ names })}`;
      const answer = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const known = [...parsed(await answer.text()).querySelectorAll("li")];
      if (known.length !== chips.length) return;
      chips.forEach((chip, nth) => {
        if (!chip.isConnected) return;
        const focused = chip.contains(document.activeElement);
        chip.replaceWith(known[nth]);
        if (focused) known[nth].querySelector("button").focus();
      });
      if (!quiet) this.compose.say(known.map((chip) => chip.dataset.say).join(". "));
      if (!quiet) this.write();
    } catch {
      // The names stand there as they were typed.
    }
  }

  remove(chip, then) {
    const { name } = chip.dataset;
    const next = then ?? chip.nextElementSibling?.querySelector("button") ?? this.box;
    chip.remove();
    next.focus();
    this.write();
    this.compose.tell("removed", name);
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (button) this.remove(button.closest("li"), this.box);
  }

  clickedBeside(event) {
    if (event.target === this.field) this.box.focus();
  }

  chipKey(event) {
    const chip = event.target.closest("li");
    const back = getComputedStyle(this.chips).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
    const before = chip.previousElementSibling?.querySelector("button");
    const after = chip.nextElementSibling?.querySelector("button") ?? this.box;
    if (event.key === back) before?.focus();
    else if (event.key === "ArrowLeft" || event.key === "ArrowRight") after.focus();
    else if (event.key === "Delete") this.remove(chip);
    else if (event.key === "Backspace") this.remove(chip, before ?? this.box);
    else return;
    event.preventDefault();
  }

  key(event) {
    const option = this.list.querySelector("[aria-selected=true]");
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.list.hidden) this.suggest();
      else this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      if (option) this.choose(option);
      else this.commit();
    } else if (event.key === "Tab" && option && !event.shiftKey) {
      this.choose(option);
    } else if (event.key === "Escape" && !this.list.hidden) {
      this.close();
      event.stopPropagation();
    } else if (event.key === "Backspace" && !this.box.value && this.chips.lastElementChild) {
      this.remove(this.chips.lastElementChild, this.box);
    } else if (this.atStart() && event.key === this.backKey() && this.chips.lastElementChild) {
      this.chips.lastElementChild.querySelector("button").focus();
    } else {
      return;
    }
    event.preventDefault();
  }

  atStart() {
    return this.box.selectionStart === 0 && this.box.selectionEnd === 0;
  }

  backKey() {
    return getComputedStyle(this.box).direction === "rtl" ? "ArrowRight" : "ArrowLeft";
  }

  suggest() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (!this.box.value.trim()) return this.close();
    this.asking = new AbortController();
    const { signal } = this.asking;
    this.timer = setTimeout(() => this.ask(this.box.value.trim(), signal), COMPLETE_AFTER);
  }

  async ask(q, signal) {
    try {
      const url = `${this.urls.complete}?${new URLSearchParams({ q })}`;
      const answer = await fetch(url, { signal, headers: { "HX-Request": "true" } });
      if (!answer.ok) return;
      const found = parsed(await answer.text());
      if (signal.aborted || document.activeElement !== this.box) return;
      const there = new Set(this.names);
      const options = [...found.querySelectorAll("[role=option]")];
      const fresh = options.filter((option) => !there.has(option.dataset.name));
      fresh.forEach((option, nth) => (option.id = `${this.list.id}-${nth}`));
      this.list.replaceChildren(...fresh);
      if (!fresh.length) return this.close();
      this.list.hidden = false;
      this.box.setAttribute("aria-expanded", "true");
      this.select(fresh[0]);
      this.compose.say(found.querySelector("[data-count]").textContent);
    } catch {
      // Asked again with the next letter.
    }
  }

  move(by) {
    const options = [...this.list.children];
    const now = options.findIndex((option) => option.ariaSelected === "true");
    this.select(options[(now + by + options.length) % options.length]);
  }

  select(option) {
    for (const other of this.list.children) other.setAttribute("aria-selected", other === option);
    this.box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  choose(option) {
    this.box.value = "";
    this.add([option.dataset.name]);
    this.close();
    this.write();
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.list.replaceChildren();
    this.box.setAttribute("aria-expanded", "false");
    this.box.removeAttribute("aria-activedescendant");
  }
}

function split(typed) {
  return typed.split(/[,;\r\n]/).map((name) => name.trim()).filter(Boolean);
}

function element(tag, attributes) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// --- The form ----------------------------------------------------------------------------------

class Compose extends HTMLElement {
  connectedCallback() {
    this.abort = new AbortController();
    this.form = this.querySelector("form");
    this.body = this.form.elements.body;
    this.over = false; // sent, discarded or replaced: nothing is saved any more
    this.stuck = false; // in conflict: not saved until the writer has decided
    this.tries = 0;
    this.tried = [];
    this.names = Object.fromEntries(
      [...this.querySelectorAll("[data-names]")].map((row) => [
        row.dataset.names,
        new Names(row, this),
      ]),
    );
    for (const name of ["cc", "bcc"]) {
      if (!this.names[name].field.closest("[data-empty]")) this.reveal(name);
    }
    this.clean = this.fields();
    this.takeUpKept();
    this.listen();
    if (this.form.elements.version.value) this.show("saved");
    this.focusFirst();
  }

  disconnectedCallback() {
    this.flush();
    this.abort.abort();
    for (const timer of [this.timer, this.keeping, this.previewing]) clearTimeout(timer);
  }

  get draft() {
    return this.form.elements.draft.value;
  }

  listen() {
    const { signal } = this.abort;
    const on = (target, type, handler, options) =>
      target.addEventListener(type, handler, { signal, ...options });
    on(this.form, "input", (event) => event.target.name && this.changed());
    on(this.form, "submit", (event) => this.submit(event), { capture: true });
    on(this.form, "htmx:before:response", (event) => this.answered(event));
    on(this.form, "htmx:error", () => this.failed("unsent"));
    on(this, "click", (event) => this.clicked(event));
    on(this, "keydown", (event) => this.key(event));
    on(document, "visibilitychange", () => document.hidden && this.flush());
    on(window, "pagehide", () => this.flush());
    // Coming back to what was sent is no way to send it again.
    on(window, "pageshow", (event) => event.persisted && this.over && location.reload());
    on(window, "focus", () => this.signedOut && this.save());
    on(window, "online", () => this.dirty && this.save());
  }

  /** The first that needs the writer: an error, a question, the recipients or the text. */
  focusFirst() {
    const wrong = this.form.querySelector(".errorlist");
    const row = wrong?.closest(".compose-row, .compose-body");
    const answering = this.form.elements.kind.value === "reply";
    const first =
      row?.querySelector("input:not([type=hidden]), textarea") ??
      this.querySelector("[autofocus]") ??
      (answering || this.names.to.names.length ? this.body : this.names.to.box);
    this.body.setSelectionRange(0, 0);
    this.body.scrollTop = 0;
    first.focus();
    if (!document.querySelector(".htmx-swapping")) return;
    // htmx gives the focus back to what had it before: it is meant to be here.
    const { signal } = this.abort;
    document.addEventListener("htmx:after:swap", () => first.focus(), { once: true, signal });
  }

  // --- Saving ---

  fields() {
    return fieldsOf(this.form);
  }

  get dirty() {
    return !same(this.clean, this.fields());
  }

  entry() {
    const { version } = this.form.elements;
    return { id: this.draft, version: version.value, fields: this.fields(), tried: this.tried };
  }

  /** What an earlier page could not save is shown again, and saved. */
  takeUpKept() {
    const entry = kept.get(this.draft);
    if (!entry) return;
    if (same(entry.fields, this.clean)) {
      if (this.form.elements.version.value) kept.drop(this.draft);
      return;
    }
    for (const name of CONTENT) this.form.elements[name].value = entry.fields[name];
    for (const names of Object.values(this.names)) names.read();
    for (const name of ["cc", "bcc"]) if (entry.fields[name]) this.reveal(name);
    this.form.elements.version.value = entry.version;
    this.tried = entry.tried;
    this.schedule(0);
  }

  changed() {
    if (this.over) return;
    this.since ??= Date.now();
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => this.dirty && kept.put(this.entry()), 200);
    if (!this.tries) this.show("");
    const latest = this.since + SAVE_WITHIN - Date.now();
    if (!this.tries) this.schedule(Math.min(SAVE_AFTER, Math.max(0, latest)));
    if (!this.preview.hidden) this.renderSoon();
  }

  schedule(after) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), after);
  }

  /** Save now if there is something to save; says what came of it. */
  save() {
    clearTimeout(this.timer);
    if (this.over || this.stuck || this.sending || this.saving) return this.saving;
    if (!this.dirty) {
      this.since = undefined;
      return null;
    }
    this.saving = this.saved().finally(() => (this.saving = null));
    return this.saving;
  }

  async saved() {
    const entry = this.entry();
    kept.put(entry);
    this.tried.push(entry.fields);
    this.show("saving");
    let result;
    try {
      result = await save(entry);
    } catch {
      if (!this.over) this.again();
      return;
    }
    if (this.over) return;
    this.problem("signed-out", result.came === "signed-out");
    this.problem("refused", result.came === "refused");
    this.signedOut = result.came === "signed-out";
    if (result.came === "saved") this.confirmed(entry, result.version);
    else if (result.came === "signed-out") this.again(10000);
    else if (result.came === "refused") this.show("");
    else this.conflict(result.html);
  }

  confirmed(entry, version) {
    this.tries = 0;
    this.tried = [];
    this.since = undefined;
    this.clean = entry.fields;
    this.form.elements.version.value = version;
    if (this.dirty) {
      kept.put(this.entry());
      if (this.isConnected) this.schedule(SAVE_AFTER);
    } else {
      clearTimeout(this.keeping);
      kept.drop(this.draft);
    }
    this.show("saved");
    const detail = { draft: this.draft };
    this.dispatchEvent(new CustomEvent("opost:saved", { bubbles: true, detail }));
  }

  again(after = RETRY_AFTER[Math.min(this.tries, RETRY_AFTER.length - 1)]) {
    this.tries += 1;
    this.show("unsaved");
    if (this.isConnected) this.schedule(after);
  }

  conflict(html) {
    this.stuck = true;
    this.show("");
    this.querySelector("[data-conflict]").replaceChildren(parsed(html));
  }

  /** Go on with this text as a draft of its own. */
  fork(id) {
    kept.drop(this.draft);
    this.form.elements.draft.value = id;
    this.form.elements.version.value = "";
    this.clean = {};
    this.tried = [];
    this.stuck = false;
    for (const note of this.querySelectorAll(".problem[role=alert]")) note.remove();
    this.body.focus();
    this.save();
  }

  /** The page is being left: nothing that was typed may be lost with it. */
  flush() {
    if (this.over || !this.dirty) return;
    kept.put(this.entry());
    if (this.isConnected) {
      this.save();
      return;
    }
    if (this.stuck) return;
    Promise.resolve(this.saving)
      .then(() => (this.dirty ? save(this.entry()) : null))
      .then((result) => result?.came === "saved" && kept.drop(this.draft))
      .catch(saveKeptLater);
  }

  show(state) {
    const shown = this.querySelector("[data-state]");
    shown.textContent = state ? this.dataset[state] : "";
    shown.dataset.state = state;
  }

  problem(which, on) {
    this.querySelector(`[data-problem=${which}]`).hidden = !on;
  }

  // --- Sending ---

  submit(event) {
    if (this.form.inert) return;
    for (const names of Object.values(this.names)) names.commit();
    this.form.elements.csrfmiddlewaretoken.value = token();
    if (this.saving) {
      // One after the other, so that neither finds the other's version.
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      this.saving.finally(() => this.form.requestSubmit(submitter));
      return;
    }
    clearTimeout(this.timer);
    this.sending = true;
    if (this.dirty) kept.put(this.entry());
    this.problem("unsent", false);
    this.show("sending");
    this.cameFrom = document.activeElement;
    // After the request has read the form.
    setTimeout(() => (this.form.inert = true));
  }

  answered(event) {
    const { status, headers } = event.detail.ctx.response;
    if (status === 401) {
      event.preventDefault();
      this.failed("signed-out");
      this.signedOut = true;
    } else if (status !== 200 && status !== 409 && status !== 422) {
      event.preventDefault();
      this.failed("unsent");
    } else {
      // The answer takes this form's place, with all that is in it.
      this.over = true;
      if (headers.get("HX-Trigger")?.includes("opost:sent")) kept.drop(this.draft);
    }
  }

  failed(how) {
    if (this.over) return;
    this.sending = false;
    setTimeout(() => {
      this.form.inert = false;
      this.cameFrom?.focus();
    });
    this.problem(how, true);
    this.show("");
    if (this.dirty) this.schedule(SAVE_AFTER);
  }

  // --- Acting ---

  clicked(event) {
    const button = event.target.closest("[data-do], [data-mark], [data-show]");
    if (!button) return;
    const { do: act, mark, show } = button.dataset;
    if (mark) format(this.body, mark);
    else if (show) this.reveal(show, { focus: true });
    else if (act === "fork") this.fork(button.value);
    else if (act === "close") this.close();
    else if (act === "minimise") this.minimise();
    else if (act === "preview") this.togglePreview(button);
    else if (act === "discard") this.discard();
    else return;
    event.preventDefault();
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const marks = { b: "bold", i: "italic", k: "link" };
    if (command && event.key === "Enter") {
      this.form.requestSubmit(this.querySelector("[data-do=send]"));
    } else if (event.key === "Enter" && event.target === this.form.elements.subject) {
      this.body.focus(); // a return in one line is no decision to send
    } else if (command && !event.altKey && event.target === this.body && marks[event.key]) {
      format(this.body, marks[event.key]);
    } else if (event.key === "Escape" && this.classList.contains("window")) {
      this.close();
    } else {
      // The page's own keys are not meant while writing.
      if (!command) event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  reveal(name, { focus = false } = {}) {
    this.names[name].field.closest(".compose-row").removeAttribute("data-empty");
    this.querySelector(`[data-show=${name}]`).setAttribute("aria-expanded", "true");
    if (focus) this.names[name].box.focus();
  }

  minimise() {
    const small = this.classList.toggle("minimised");
    this.querySelector("[data-do=minimise]").setAttribute("aria-expanded", !small);
    if (!small) this.body.focus();
  }

  close() {
    for (const names of Object.values(this.names)) names.commit();
    const toasts = document.getElementById("toasts");
    const message = this.querySelector("[data-kept]");
    const id = this.draft;
    const had = this.form.elements.version.value || this.dirty;
    this.flush();
    Promise.resolve(this.saving).then(() => {
      if (!had || kept.get(id) || !toasts) return;
      const link = message.content.querySelector("a");
      link.setAttribute("href", draftUrl(id));
      link.setAttribute("hx-get", draftUrl(id));
      toasts.replaceChildren(message.content);
      window.htmx?.process(toasts);
    });
    this.leave();
  }

  /** The window goes, and the focus back to where it came from. */
  leave() {
    this.remove();
    const back = opener?.isConnected ? opener : document.querySelector('a[data-key="c"]');
    (back ?? document.getElementById("main"))?.focus();
  }

  async discard() {
    const page = this.querySelector(".compose-head a");
    const { version } = this.form.elements;
    this.over = !page || !version.value;
    await this.saving;
    if (page) {
      // A page of its own asks first, and only about what is stored.
      location.assign(version.value ? `${draftUrl(this.draft)}discard/` : page.href);
      return;
    }
    kept.drop(this.draft);
    this.leave();
    if (version.value) {
      const values = { csrfmiddlewaretoken: token() };
      const url = `${draftUrl(this.draft)}discard/`;
      window.htmx.ajax("POST", url, { target: document.body, swap: "none", values });
    }
  }

  // --- Preview ---

  get preview() {
    return this.querySelector(".compose-preview");
  }

  togglePreview(button) {
    this.preview.hidden = !this.preview.hidden;
    button.setAttribute("aria-pressed", !this.preview.hidden);
    this.classList.toggle("previewing", !this.preview.hidden);
    if (!this.preview.hidden) this.render();
  }

  renderSoon() {
    clearTimeout(this.previewing);
    this.previewing = setTimeout(() => this.render(), PREVIEW_AFTER);
  }

  async render() {
    this.rendering?.abort();
    const { signal } = (this.rendering = new AbortController());
    const { body, content_type } = this.fields();
    try {
      const url = this.querySelector("[data-do=preview]").getAttribute("formaction");
      const data = new URLSearchParams({ body, content_type, csrfmiddlewaretoken: token() });
      const answer = await fetch(url, {
        method: "POST",
        body: data,
        signal,
        headers: { "HX-Request": "true" },
      });
      const made = parsed(await answer.text()).querySelector(".body");
      if (made) this.preview.replaceChildren(made);
    } catch {
      // The last one stays.
    }
  }

  // --- Saying ---

  chip(name) {
    const chip = this.querySelector("[data-chip]").content.firstElementChild.cloneNode(true);
    const button = chip.querySelector("button");
    chip.dataset.name = name;
    chip.querySelector("span").textContent = name;
    button.setAttribute("aria-label", button.getAttribute("aria-label").replace("{name}", name));
    return chip;
  }

  tell(what, name) {
    this.say(this.dataset[what].replace("{name}", name));
  }

  say(text) {
    this.querySelector("[data-say]:not(li)").textContent = text;
  }
}

// --- Markdown ----------------------------------------------------------------------------------

const AROUND = { bold: "**", italic: "*", code: "`" };
const BEFORE = { list: "- ", quote: "> " };

function format(area, mark) {
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

// --- The page ----------------------------------------------------------------------------------

document.addEventListener("htmx:before:request", (event) => {
  const { target, sourceElement } = event.detail.ctx;
  if (target === composer && sourceElement.href && document.querySelector(".compose-page")) {
    event.preventDefault(); // no window above the page that is for the same
    location.assign(sourceElement.href);
    return;
  }
  if (target !== composer || composer.contains(document.activeElement)) return;
  const { activeElement } = document;
  opener = activeElement === document.body ? sourceElement : activeElement;
});

// The window goes with the answer to what it sent: the focus is not to fall to the page's top.
document.addEventListener("opost:sent", () => {
  setTimeout(() => {
    if (document.activeElement !== document.body) return;
    (opener?.isConnected ? opener : document.querySelector('a[data-key="c"]'))?.focus();
  });
});

// An offer to undo that has run out is no offer.
new MutationObserver(() => {
  for (const toast of document.querySelectorAll("#toasts [data-lasts]")) {
    const { lasts } = toast.dataset;
    toast.removeAttribute("data-lasts");
    setTimeout(() => {
      const within = toast.contains(document.activeElement);
      toast.querySelector("[data-undo]")?.remove();
      if (within) document.getElementById("main")?.focus();
    }, lasts * 1000);
  }
}).observe(document.body, { childList: true, subtree: true });

customElements.define("opost-compose", Compose);
addEventListener("online", saveKept);
saveKept();
