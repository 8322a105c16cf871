// What the server has not confirmed yet is kept on this device, and saved as soon as may be.

const KEEPALIVE_LIMIT = 60000; // bytes that a browser sends for a page that is being left
const ABANDONED_AFTER = 30000; // what no page has saved for so long is saved by another

export const CONTENT = ["to", "cc", "bcc", "subject", "body", "kind", "in_reply_to", "content_type"];
export const composer = document.getElementById("composer");
export const SAVE_URL = composer.dataset.save;
export const draftUrl = (id) => composer.dataset.draft.replace(/[0-9a-f-]{36}/, id);

const PREFIX = `opost:draft:${composer.dataset.user}:`;

export const kept = {
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

export const same = (one, other) => CONTENT.every((name) => (one[name] ?? "") === (other[name] ?? ""));

/** The token for forms: another one after each signing in, so it is read for every request. */
export function token() {
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

export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

export function fieldsOf(form) {
  return Object.fromEntries(CONTENT.map((name) => [name, form.elements[name]?.value ?? ""]));
}

/** A draft as the server has it, or null. */
export async function stored(id) {
  const answer = await fetch(draftUrl(id), { headers: { "HX-Request": "true" } });
  const form = answer.ok && parsed(await answer.text()).querySelector("form");
  return form ? { fields: fieldsOf(form), version: form.elements.version.value } : null;
}

/**
 * Save an entry: what came of it, as "saved", "conflict", "gone", "signed-out" or "refused".
 * Throws where it is worth trying again.
 */
export async function save(entry) {
  const { fields, id: draft, version, forked = "" } = entry;
  const answer = await post(SAVE_URL, { ...fields, draft, version, forked });
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
export async function saveKept() {
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
        ({ came } = await save({ ...entry, id: newId(), version: "", tried: [], forked: id }));
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

export function saveKeptLater() {
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
