// Passkeys: asks the device, and sends its answer. Without script, people use password and code.
// Forms with data-passkey name what they do; their fields go with the question. Copyright: exsweep, Apache-2.0.

import { csrf } from "./app.js";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

async function post(address, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf() };
  const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  const found = await answer.json();
  if (!answer.ok) throw new Error([found.title, found.detail].filter(Boolean).join(" "));
  return found;
}

const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

/** The device's answer as WebAuthn writes it in JSON; older browsers cannot do that by themselves. */
function written(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response, clientExtensionResults: {} };
}

async function ask(options) {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (!options.user) {
    publicKey.allowCredentials = known(options.allowCredentials);
    return written(await navigator.credentials.get({ publicKey }));
  }
  publicKey.user = { ...options.user, id: bytes(options.user.id) };
  publicKey.excludeCredentials = known(options.excludeCredentials);
  return written(await navigator.credentials.create({ publicKey }));
}

async function go(event) {
  const form = event.target.closest?.("form[data-passkey]");
  if (!form) return;
  event.preventDefault();
  const said = form.querySelector("[role=alert]");
  const { asks, sends } = form.dataset;
  const fields = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "csrf"));
  const pick = (names) => Object.fromEntries(names.split(" ").filter((name) => name in fields).map((name) => [name, fields[name]]));
  said.textContent = "";
  try {
    const begun = await post(`${form.getAttribute("action")}/begin`, pick(asks));
    const credential = await ask(begun.options);
    const done = await post(form.getAttribute("action"), { ceremony: begun.ceremony, credential, ...pick(sends) });
    location.assign(done.next);
  } catch (error) {
    said.textContent = error.name === "NotAllowedError" ? form.dataset.refused : error.message;
  }
}

if (window.PublicKeyCredential) {
  for (const form of document.querySelectorAll("form[data-passkey]")) form.hidden = false;
  document.addEventListener("submit", go);
}
