// Writing a post. Without this module every form works all the same; with it names become chips,
// what is typed is saved by itself, and formatting and preview need no reload.

import {
  composer,
  CONTENT,
  draftUrl,
  fieldsOf,
  kept,
  parsed,
  same,
  save,
  saveKept,
  saveKeptLater,
  stored,
  token,
} from "./kept.js";
import { composing, keyOf } from "../keyboard.js";
import { Attachments } from "./attachments.js";
import { format } from "./markdown.js";
import { Names } from "./names.js";
import { Preview } from "./preview.js";

const SAVE_AFTER = 2000; // milliseconds after the last change,
const SAVE_WITHIN = 10000; // and after the first at the latest
const RETRY_AFTER = [2000, 5000, 15000, 60000];

let opener = null; // what had the focus before the window opened

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
    this.preview = new Preview(this);
    this.attachments = new Attachments(this.querySelector(".compose-files"), this);
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
    for (const timer of [this.timer, this.keeping, this.preview.timer]) clearTimeout(timer);
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
    const { draft: id, forked, tried } = this;
    return { id, version: version.value, fields: this.fields(), tried, forked };
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
    this.forked = entry.forked;
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
    this.preview.renderSoon();
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

  /** Make sure that there is a draft that files can be attached to; says whether there is. */
  async stored() {
    await this.saving;
    const { version } = this.form.elements;
    if (!version.value && !this.over && !this.stuck) {
      this.saving = this.saved().finally(() => (this.saving = null));
      await this.saving;
    }
    return Boolean(version.value) && !this.over;
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
    this.forked = "";
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
    this.forked = this.draft; // which keeps its files; this one gets the same
    this.attachments.leave();
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
    if (this.attachments.isLacking) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.attachments.point();
      return;
    }
    if (this.attachments.isBusy) {
      event.preventDefault();
      event.stopImmediatePropagation();
      const { submitter } = event;
      this.show("uploading");
      this.attachments.done().then((well) => {
        this.show("");
        if (this.over) return;
        if (well) this.form.requestSubmit(submitter);
        else this.attachments.point();
      });
      return;
    }
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
    else if (act === "preview") this.preview.toggle(button);
    else if (act === "attach") this.attachments.choose();
    else if (act === "discard") this.discard();
    else return;
    event.preventDefault();
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const marks = { b: "bold", i: "italic", k: "link" };
    const mark = command && !event.altKey && marks[keyOf(event).toLowerCase()];
    if (composing(event)) {
      event.stopPropagation(); // Enter and Escape are the input method's
      return;
    }
    if (command && event.key === "Enter") {
      this.form.requestSubmit(this.querySelector("[data-do=send]"));
    } else if (event.key === "Enter" && event.target === this.form.elements.subject) {
      this.body.focus(); // a return in one line is no decision to send
    } else if (mark && event.target === this.body) {
      format(this.body, mark);
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
    this.attachments.cancelAll();
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

  // --- Saying ---

  chip(name) {
    const chip = this.querySelector("[data-chip]").content.firstElementChild.cloneNode(true);
    const button = chip.querySelector("button");
    chip.dataset.name = name;
    chip.querySelector("bdi").textContent = name;
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
