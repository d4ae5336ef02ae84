// What the pages do beyond links and forms. Without it everything works but the passkey.
"use strict";

// A form is sent once, however often its button is pressed; the page that comes back is a new one.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-disabled", "true");
});

// A page that comes back from the browser's memory may send its forms again.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button")) button.removeAttribute("aria-disabled");
  }
});

document.addEventListener("keydown", (event) => {
  const place = event.target.closest("input, textarea, select");
  if (event.key === "/" && !place && !event.ctrlKey && !event.metaKey) {
    const find = document.querySelector("[data-find]");
    if (find) {
      event.preventDefault();
      find.focus();
    }
  }
});

// In a week's hours the arrow keys go from hour to hour; without them Tab does.
document.querySelector("[data-week]")?.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -24, ArrowDown: 24 }[event.key];
  const hours = [...event.currentTarget.querySelectorAll("input")], next = hours[hours.indexOf(event.target) + step];
  if (next && step) {
    event.preventDefault();
    next.focus();
  }
});

for (const element of document.querySelectorAll(".needs-script")) element.hidden = !window.PublicKeyCredential;
document.getElementById("fault")?.focus();

// A part of a page that renews itself when something happens: the feed says so, and htmx asks for the part. Of many at
// once it is renewed once in a while; a tab that nobody looks at listens to nothing.
const live = document.querySelector("[data-feed]");
if (live && window.EventSource && window.htmx) {
  const PAUSE = 3_000;
  let source = null, waiting = null;
  const tell = () => {
    waiting ??= setTimeout(() => {
      waiting = null;
      htmx.trigger(live, "news");
    }, PAUSE);
  };
  const listen = () => {
    if (document.hidden) {
      source?.close();
      source = null;
    } else if (!source) {
      source = new EventSource(live.dataset.feed);
      for (const kind of live.dataset.kinds.split(" ")) source.addEventListener(kind, tell);
      source.addEventListener("end", () => source.close());
    }
  };
  document.addEventListener("visibilitychange", () => {
    listen();
    if (!document.hidden) tell();
  });
  window.addEventListener("pagehide", () => source?.close());
  listen();
}

const decode = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encode = (data) => btoa(String.fromCharCode(...new Uint8Array(data))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function post(path, body, headers = {}) {
  const answer = await fetch(path, {
    method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers },
  });
  if (!answer.ok) throw new Error((await answer.json()).type);
  return (await answer.json()).data;
}

async function signInWithPasskey() {
  const { public_key: options } = await post("/api/v1/auth/passkey-login/options", {});
  options.challenge = decode(options.challenge);
  for (const one of options.allowCredentials ?? []) one.id = decode(one.id);
  const found = await navigator.credentials.get({ publicKey: options });
  const { response } = found;
  await post("/api/v1/auth/passkey-login", {
    credential: {
      id: found.id, rawId: encode(found.rawId), type: found.type,
      response: {
        clientDataJSON: encode(response.clientDataJSON), authenticatorData: encode(response.authenticatorData),
        signature: encode(response.signature), userHandle: response.userHandle ? encode(response.userHandle) : null,
      },
    },
  });
}

document.querySelector("[data-passkey]")?.addEventListener("click", async (event) => {
  const button = event.currentTarget, fault = document.querySelector("[data-passkey-fault]");
  try {
    await signInWithPasskey();
    location.assign(button.dataset.passkey);
  } catch {
    fault.hidden = false;
  }
});

async function addPasskey(name, csrf) {
  const headers = { "X-CSRF-Token": csrf };
  const { public_key: options } = await post("/api/v1/auth/passkeys/options", {}, headers);
  options.challenge = decode(options.challenge);
  options.user.id = decode(options.user.id);
  for (const one of options.excludeCredentials ?? []) one.id = decode(one.id);
  const made = await navigator.credentials.create({ publicKey: options });
  const { response } = made;
  await post("/api/v1/auth/passkeys", {
    name,
    credential: {
      id: made.id, rawId: encode(made.rawId), type: made.type,
      response: {
        clientDataJSON: encode(response.clientDataJSON), attestationObject: encode(response.attestationObject),
      },
    },
  }, headers);
}

document.querySelector("[data-add-passkey]")?.addEventListener("click", async (event) => {
  const button = event.currentTarget, place = button.dataset.addPasskey;
  try {
    await addPasskey(document.getElementById("passkey-name").value, button.dataset.csrf);
    location.assign(place);
  } catch (error) {
    if (error.message.endsWith("sign-in-again")) location.assign(`/sign-in?next=${encodeURIComponent(place)}`);
    document.querySelector("[data-passkey-fault]").hidden = false;
  }
});
