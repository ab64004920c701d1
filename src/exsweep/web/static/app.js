// What the pages gain with script: parts change without a reload, keys, copying, printing. Everything works without it.
// No text from the server is ever put into a page as markup by hand: whole pages are parsed (scripts in them are dead),
// and one part of them is moved over. Copyright: exsweep, Apache-2.0.

const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

export const csrf = () => find("meta[name=csrf]")?.content ?? "";

/** Words of a text with its gaps filled: `{n}`, or by number `{n|one|many}`. Numbers are printed with their thousands apart. */
export const filled = (text, values) =>
  text.replace(/\{(\w+)(?:\|([^|{}]*)\|([^{}]*))?\}/g, (_, name, one, many) => {
    const value = values[name];
    if (one !== undefined) return value === 1 ? one : many;
    return typeof value === "number" ? value.toLocaleString("en") : String(value ?? "");
  });
const words = JSON.parse(document.body.dataset.words ?? "{}");
const said = (key, values = {}) => filled(words[key] ?? key, values);

/** Put the part `id` of a fetched page in the place of the one shown. */
async function replace(id, response) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById(id);
  const old = document.getElementById(id);
  if (!response.ok || !fresh || !old) return false;
  old.replaceWith(document.adoptNode(fresh));
  ready(fresh);
  return true;
}

/** Forms that say which part of the page they change: sent in the background, the page stays where it is. */
async function sendPart(event) {
  const form = event.target.closest?.("form[data-part]");
  if (!form || !window.fetch) return;
  event.preventDefault();
  const id = form.dataset.part;
  const spot = all("button, input, textarea, summary", document.getElementById(id)).indexOf(event.submitter);
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  try {
    const headers = { Accept: "text/html" };
    const done = await fetch(form.action, { method: "POST", body: fields, headers });
    // The part is taken from this very page as it is now: where the form would have led to may be another one.
    const answer = done.ok ? await fetch(location.href, { headers }) : done;
    if (!(await replace(id, answer))) return done.ok ? location.reload() : form.submit();
    const line = document.getElementById(form.dataset.back ?? "");
    if (line) line.closest("details")?.setAttribute("open", ""), line.focus({ preventScroll: true });
    else all("button, input, textarea, summary", document.getElementById(id))[spot]?.focus({ preventScroll: true });
  } catch {
    form.submit();
  }
}

/** A part that follows by itself while work goes on; slower while nobody looks. */
function poll(part) {
  const every = Number(part.dataset.poll);
  const again = async () => {
    if (!part.isConnected) return;
    if (document.hidden) return void setTimeout(again, every);
    try {
      if (await replace(part.id, await fetch(location.href, { headers: { Accept: "text/html" } }))) return;
    } catch {
      // the service restarts, or the network is away: ask again later
    }
    setTimeout(again, every * 3);
  };
  setTimeout(again, every);
}

function copy(event) {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
  navigator.clipboard?.writeText(text).then(
    () => (button.textContent = said("copied")),
    () => (button.textContent = said("not_copied")),
  );
}

/** j and k go through lines, Enter opens what stands around, s stars, c comments, / finds. */
function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select")) return;
  if (event.key === "/") {
    const box = find("[data-slash]");
    if (box) event.preventDefault(), box.focus();
    return;
  }
  const list = find("[data-keys]");
  if (!list) return;
  const rows = all("li[tabindex]", list).filter((row) => !row.closest("details:not([open])"));
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  if (event.key === "j" || event.key === "k") {
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  } else if (at >= 0 && event.key === "Enter" && document.activeElement === rows[at]) {
    find("a.near", rows[at])?.click();
  } else if (at >= 0 && event.key === "s") {
    find("[data-star]", rows[at])?.click();
  } else if (at >= 0 && event.key === "c") {
    if (say(rows[at])) event.preventDefault();
  }
}

/** The one form for comments of a page of lines, opened for this line. */
function say(row) {
  const form = find("form[data-say]");
  if (!form) return false;
  const finding = form.elements.finding;
  const time = find("time", row)?.textContent ?? "";
  finding.disabled = !row.dataset.finding;
  finding.value = row.dataset.finding ?? "";
  find("[data-about]", form).textContent = said(row.dataset.finding ? "on_finding" : "on_line", { time });
  form.dataset.back = row.id;
  form.hidden = false;
  const text = form.elements.text;
  if (!row.dataset.finding && !text.value) text.value = `${time} ${find(".ev", row)?.textContent.slice(0, 200) ?? ""}\n`;
  row.append(form);
  text.focus();
  return true;
}

/** Escape leaves the comment and goes back to its line; what was typed stays. */
function back(event) {
  const form = event.target.closest?.("form[data-say]");
  if (event.key !== "Escape" || !form) return;
  form.hidden = true;
  document.getElementById(form.dataset.back)?.focus();
}

/** The reader's own zone as one more choice. */
function zone(select) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (own && ![...select.options].some((each) => each.value === own)) select.add(new Option(said("yours", { zone: own }), own));
}

function ready(root) {
  for (const each of all("[data-print], [data-copy]", root)) each.hidden = false;
  for (const each of all("select[data-zone]", root)) zone(each);
  if (root.dataset?.poll) poll(root);
  for (const each of all("[data-poll]", root)) poll(each);
}

document.addEventListener("submit", sendPart);
document.addEventListener("click", copy);
document.addEventListener("click", (event) => event.target.closest?.("[data-print]") && window.print());
document.addEventListener("keydown", keys);
document.addEventListener("keydown", back);
ready(document);
if (document.getElementById("drop")) import("./sending.js").then((part) => part.begin(document.getElementById("drop")));
