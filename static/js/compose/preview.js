// What is written as it will look, beside it, made anew a moment after each change.

import { parsed, token } from "./kept.js";

const PREVIEW_AFTER = 300; // milliseconds

export class Preview {
  constructor(compose) {
    this.compose = compose;
    this.pane = compose.querySelector(".compose-preview");
  }

  toggle(button) {
    this.pane.hidden = !this.pane.hidden;
    button.setAttribute("aria-pressed", !this.pane.hidden);
    this.compose.classList.toggle("previewing", !this.pane.hidden);
    if (!this.pane.hidden) this.render();
  }

  renderSoon() {
    if (this.pane.hidden) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.render(), PREVIEW_AFTER);
  }

  async render() {
    this.rendering?.abort();
    const { signal } = (this.rendering = new AbortController());
    const { body, content_type } = this.compose.fields();
    try {
      const button = this.compose.querySelector("[data-do=preview]");
      const answer = await fetch(button.getAttribute("formaction"), {
        method: "POST",
        body: new URLSearchParams({ body, content_type, csrfmiddlewaretoken: token() }),
        signal,
        headers: { "HX-Request": "true" },
      });
      const made = parsed(await answer.text()).querySelector(".body");
      if (made) this.pane.replaceChildren(made);
    } catch {
      // The last one stays.
    }
  }
}
