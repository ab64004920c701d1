// Sending evidence in chunks that each carry their SHA-256: a folder, a zip or an image of any size, which goes on after a
// lost line, a closed lid or a reload. Without this file the form of the page sends the chosen files at once.

import { csrf, filled } from "./app.js";

const KEPT = "exsweep-sending";
const TRIES = 6;
const LOST_TRIES = 24; // of a line that is away: about five minutes
const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const size = (bytes) => {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  while (bytes >= 1000 && at < units.length - 1) (bytes /= 1000), at++;
  return `${at ? bytes.toFixed(1) : bytes} ${units[at]}`;
};

class Refused extends Error {}

/** Words of the page, in its language; see `web/words.yml`. */
let words = {};
const say = (key, values = {}) => filled(words[key] ?? key, values);

/** Told of each try while the line is away; `null` when it is back. */
let lost = () => {};

async function call(method, path, body, headers = {}) {
  const raw = body instanceof Blob || body instanceof ArrayBuffer;
  for (let attempt = 1; ; attempt++) {
    let answer;
    try {
      answer = await fetch(`/api/v1${path}`, {
        method,
        body: body === undefined ? undefined : raw ? body : JSON.stringify(body),
        headers: {
          Accept: "application/json",
          "X-CSRF-Token": csrf(),
          ...(body === undefined ? {} : { "Content-Type": raw ? "application/octet-stream" : "application/json" }),
          ...headers,
        },
      });
    } catch (away) {
      if (attempt >= LOST_TRIES) throw away;
      lost(attempt);
      await pause(Math.min(15, attempt * attempt));
      continue;
    }
    if (attempt > 1) lost(null);
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    if (answer.status === 409 && "offset" in told) return told;
    if ((answer.status === 503 || answer.status === 429) && attempt < TRIES) {
      await pause(Number(answer.headers.get("Retry-After")) || attempt * attempt);
      continue;
    }
    if (answer.status === 401) throw new Refused(say("signed_out"));
    throw new Refused([told.title, told.detail].filter(Boolean).join(" ") || say("answered", { status: answer.status }));
  }
}

/** Files of a drop with their paths; folders are read through to the end. */
async function dropped(transfer) {
  const found = [];
  const walk = async (entry, path) => {
    const name = path ? `${path}/${entry.name}` : entry.name;
    if (entry.isFile) {
      found.push({ name, file: await new Promise((good, bad) => entry.file(good, bad)) });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((good, bad) => reader.readEntries(good, bad));
      if (!some.length) return;
      for (const each of some) await walk(each, name);
    }
  };
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ name: file.name, file }));
  for (const entry of entries) await walk(entry, "");
  return found;
}

class Screen {
  constructor(form) {
    this.box = form.querySelector("#sending");
    this.list = form.querySelector("#progress");
    this.lines = new Map();
  }

  /** One line of the list: `key` names it, `state` is done, now or gap; without a state the line goes. */
  say(key, state, text) {
    if (!state) {
      this.lines.get(key)?.remove();
      this.lines.delete(key);
      return;
    }
    this.box.hidden = false;
    let line = this.lines.get(key);
    if (!line) {
      line = document.createElement("li");
      line.append(document.createElement("span"), document.createElement("span"));
      line.firstChild.className = "p-mark";
      line.firstChild.setAttribute("aria-hidden", "true");
      this.lines.set(key, line);
      this.list.append(line);
    }
    line.className = `p-${state}`;
    line.firstChild.textContent = { done: "✓", now: "▸", gap: "╱" }[state];
    line.lastChild.textContent = text;
  }

  /** A line with an address of ours. */
  link(key, text, title, href) {
    this.say(key, "done", `${text} `);
    const link = document.createElement("a");
    link.href = href;
    link.textContent = title;
    this.lines.get(key).lastChild.append(link);
  }

  /** A button below the list that goes on; without something to do it goes away. */
  goOn(work) {
    this.box.querySelector(".go-on")?.remove();
    if (!work) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button small go-on";
    button.textContent = say("go_on");
    button.addEventListener("click", work);
    this.box.append(button);
  }
}

/** One list for the page, so that what is said of a sending before is taken away when it goes on. */
let shown;
const screenOf = (form) => (shown ??= new Screen(form));

/** Send what the service does not have yet, then have the whole compared; what differs is sent once more. */
async function sendFile(sending, { name, file }, seen) {
  let state = await call("POST", `/sendings/${sending}/files`, { name, size: file.size });
  if (state.state === "received") return seen(file.size);
  for (let again = 0; again < 3; again++) {
    const digests = await sendParts(state, { name, file }, seen);
    const joined = new Uint8Array(digests.length * 32);
    digests.forEach((each, at) => joined.set(each, at * 32));
    const done = await call("POST", `/uploads/${state.upload}/finish`, { chunks_sha256: hex(await digest(joined)) });
    if (done.state === "received") return;
    state = { ...state, offset: done.offset }; // another file of the same name and size, or bytes that rotted there
  }
  throw new Refused(say("changes", { name }));
}

/** Digests of all parts, in order; those behind the service's offset are sent. */
async function sendParts(state, { name, file }, seen) {
  const chunk = state.chunk_bytes;
  const digests = [];
  for (let at = 0; at < file.size; at += chunk) {
    const part = await file.slice(at, at + chunk).arrayBuffer();
    digests.push(await digest(part));
    const end = Math.min(file.size, at + chunk);
    for (let tries = 0; state.offset < end; tries++) {
      if (tries > TRIES) throw new Refused(say("could_not", { name }));
      // Where the service stands is what counts: a part that it has is not sent again, half of one is.
      const rest = state.offset > at ? part.slice(state.offset - at) : part;
      const sum = hex(rest === part ? digests.at(-1) : await digest(rest));
      const told = await call("PATCH", `/uploads/${state.upload}?offset=${Math.max(at, state.offset)}`, rest, { "X-Chunk-SHA256": sum });
      if (told.offset < at) return sendParts(told, { name, file }, seen); // it lost more than this part
      state = { ...state, offset: told.offset };
    }
    seen(end);
  }
  return digests;
}

async function sendAll(form, files) {
  const screen = screenOf(form);
  const total = files.reduce((sum, each) => sum + each.file.size, 0);
  const what = { n: files.length, size: size(total) };
  if (!files.length) return screen.say("all", "gap", say("none"));
  form.querySelectorAll("button, input").forEach((each) => (each.disabled = true));
  screen.say("kept");
  screen.goOn();
  lost = (tries) => (tries ? screen.say("line", "gap", say("away", { n: tries })) : screen.say("line"));
  screen.say("all", "now", say("copying", what));
  try {
    const sending = await opened(form, files);
    let before = 0;
    const started = Date.now();
    for (const [at, each] of files.entries()) {
      await sendFile(sending, each, (bytes) => {
        const done = before + bytes;
        const share = total ? Math.floor((100 * done) / total) : 100;
        const left = done ? ((Date.now() - started) / done) * (total - done) : 0;
        const about = left > 90e3 ? say("left", { n: Math.round(left / 60e3) }) : "";
        screen.say("now", "now", say("at", { share, at: at + 1, of: files.length }) + about);
      });
      before += each.file.size;
    }
    screen.say("all", "done", say("copied", what));
    screen.say("now", "now", say("starting"));
    const job = await call("POST", `/sendings/${sending}/read`, {});
    localStorage.removeItem(KEPT);
    location.assign(`/jobs/${job.job}`);
  } catch (error) {
    const why = error instanceof Refused ? error.message : say("lost");
    screen.say("line");
    screen.say("now", "gap", `${why} ${say("not_lost")}`);
    form.querySelectorAll("button, input").forEach((each) => (each.disabled = false));
    screen.goOn(() => sendAll(form, files));
  }
}

/** A name for a set of files, so that the same ones go on where they stopped, also after a reload. */
const mark = (files) => JSON.stringify([files.length, files.slice(0, 200).map(({ name, file }) => [name, file.size])]);

const begun = () => {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
};

/** What became of a sending that this browser began: said at the start, so that nobody sends twice or gives up. */
async function arrived(form) {
  const kept = begun();
  if (!kept) return;
  let there;
  try {
    there = await call("GET", `/sendings/${kept.sending}`);
  } catch (error) {
    if (error instanceof Refused) localStorage.removeItem(KEPT); // another service, or it was deleted
    return;
  }
  if (there.state !== "open") {
    localStorage.removeItem(KEPT);
    if (there.job) screenOf(form).link("kept", say("arrived"), say("how_far"), `/jobs/${there.job}`);
    return;
  }
  const whole = there.files.filter((each) => each.state === "received").length;
  const told = { whole, n: kept.files, bytes: size(there.bytes), size: size(kept.bytes ?? there.bytes) };
  screenOf(form).say("kept", "gap", say("interrupted", told));
}

async function opened(form, files) {
  const kept = begun();
  if (kept?.mark === mark(files)) {
    try {
      const there = await call("GET", `/sendings/${kept.sending}`);
      if (there.state === "open") return kept.sending;
    } catch {
      // it is over, or another service answers here: begin anew
    }
  }
  const about = {};
  for (const name of ["tenant", "name", "organisation", "sector", "server"]) {
    const value = form.elements[name]?.value.trim();
    if (value) about[name] = value;
  }
  const { sending } = await call("POST", "/sendings", about);
  localStorage.setItem(KEPT, JSON.stringify({ sending, mark: mark(files), files: files.length, bytes: files.reduce((sum, each) => sum + each.file.size, 0) }));
  return sending;
}

/** Make the form take drops, folders and any size. */
export function begin(form) {
  words = JSON.parse(form.dataset.words ?? "{}");
  if (!window.crypto?.subtle) return; // plain http to another computer: the form itself still works
  const fields = ["files", "folder"].map((id) => document.getElementById(id)).filter(Boolean);
  document.getElementById("folder-row").hidden = false;
  document.getElementById("send").hidden = true;
  document.getElementById("drop-lead").textContent = say("lead");
  arrived(form);
  for (const field of fields) {
    field.addEventListener("change", () => {
      const files = [...field.files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
      field.value = ""; // so that choosing the same files once more is noticed
      if (files.length) sendAll(form, files);
    });
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const files = fields.flatMap((field) => [...field.files]).map((file) => ({ name: file.webkitRelativePath || file.name, file }));
    sendAll(form, files);
  });
  for (const name of ["dragenter", "dragover"]) {
    form.addEventListener(name, (event) => (event.preventDefault(), form.classList.add("over")));
  }
  for (const name of ["dragleave", "drop"]) form.addEventListener(name, () => form.classList.remove("over"));
  form.addEventListener("drop", async (event) => {
    event.preventDefault();
    sendAll(form, await dropped(event.dataTransfer));
  });
}
