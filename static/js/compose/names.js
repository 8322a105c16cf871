// Names as chips, with completion: everything by keyboard, and announced.

import { composing } from "../keyboard.js";
import { parsed } from "./kept.js";

const COMPLETE_AFTER = 80;
const ASKED_AT_ONCE = 50; // names whose people are asked for
// As `names.split` on the server: the comma and the semicolon of Latin, Chinese, Japanese, Arabic.
const BETWEEN = /[,;\r\n，；、､،؛]/;

export class Names {
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
    // What an input method is still composing is not cut: its comma may become part of a word.
    this.box.addEventListener("input", (event) => event.isComposing || this.typed(), { signal });
    this.box.addEventListener("compositionend", () => this.typed(), { signal });
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
    if (BETWEEN.test(this.box.value)) {
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
    if (composing(event)) return;
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
  return typed.split(BETWEEN).map((name) => name.trim()).filter(Boolean);
}

function element(tag, attributes) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
