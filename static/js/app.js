/* What HTML cannot do alone. Every page works without this file; with it dialogs open in place,
   a form is sent once, and a lost connection is said aloud. Events only: no inline handlers, no eval. */

const FULL_PAGE = /^\s*<!doctype/i;
const dialog = () => document.getElementById("dialog");

/* Dialogs: htmx puts a fragment into the one <dialog>; the browser gives it focus trap, Esc and backdrop. */

const openDialog = () => {
  const frame = dialog();
  const wasOpen = frame.open;
  if (!wasOpen) {
    document.activeElement?.closest(":popover-open")?.hidePopover();
    frame.showModal();
  }
  const first = frame.querySelector("[aria-invalid=true], [autofocus]")
    ?? frame.querySelector("form :is(input, select, textarea):not([type=hidden], :disabled)")
    ?? (wasOpen ? frame.querySelector("button, a[href]") : null);
  first?.focus();
  if (first?.matches("input[type=number]")) first.select();
};

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, target, isError } = event.detail;
  if (isError || !target || target.id !== "dialog") return;
  // A whole page where a fragment was asked for: the session ended, so let the browser go to the sign-in.
  if (FULL_PAGE.test(xhr.responseText)) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target.id === "dialog" && target.childElementCount) openDialog();
  else if (target === document.body) document.getElementById("main")?.focus();
});

document.addEventListener("click", (event) => {
  const closer = event.target.closest("[data-close]");
  if (closer && dialog()?.open && dialog().contains(closer)) {
    event.preventDefault();
    dialog().close();
  }
  if (event.target.closest("[data-print]")) window.print();
  const dismiss = event.target.closest("[data-dismiss]");
  if (dismiss) dismiss.closest(".notice")?.remove();
});

// "close" does not bubble, hence the capture. What was shown is stale the moment it is shut.
document.addEventListener("close", (event) => {
  if (event.target.id === "dialog") event.target.replaceChildren();
}, true);

/* Once: while a form is on its way its buttons say so and a second submit goes nowhere. */

const sending = new WeakSet();
const submitters = (form) => [...form.elements].filter((one) => one.matches("button:not([type=button]), input[type=submit]"));

const begin = (form, pressed) => {
  sending.add(form);
  for (const button of submitters(form)) button.setAttribute("aria-disabled", "true");
  pressed?.setAttribute("aria-busy", "true");
};

const finish = (form) => {
  sending.delete(form);
  for (const button of submitters(form)) {
    button.removeAttribute("aria-disabled");
    button.removeAttribute("aria-busy");
  }
};

document.addEventListener("submit", (event) => {
  if (!sending.has(event.target)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  begin(form, event.submitter);
});

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  const pressed = requestConfig?.triggeringEvent?.submitter;
  if (elt instanceof HTMLFormElement) begin(elt, pressed ?? submitters(elt)[0]);
  else elt.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = event.detail;
  // Done, and the browser is on its way to another page: nothing here may be sent again meanwhile.
  if (xhr?.getResponseHeader("HX-Redirect")) return;
  if (elt instanceof HTMLFormElement) finish(elt);
  else elt.removeAttribute("aria-busy");
});

// Back to a page the browser kept: its forms may be sent again.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) finish(form);
});

/* Nothing silent: what went wrong is said where the person is, and the form keeps what was typed. */

const say = (name) => {
  const words = document.getElementById(`message-${name}`)?.content.cloneNode(true);
  const place = (dialog()?.open && dialog().querySelector("[data-status]")) || document.getElementById("toasts");
  if (!words || !place) return;
  place.replaceChildren();
  // An empty live region first, then its words: otherwise some screen readers stay silent.
  requestAnimationFrame(() => place.replaceChildren(words));
};

document.addEventListener("htmx:sendError", () => say("lost"));
document.addEventListener("htmx:timeout", () => say("lost"));
document.addEventListener("htmx:responseError", (event) => {
  const { status } = event.detail.xhr;
  say(status === 404 ? "gone" : status === 403 ? "refused" : status === 429 ? "often" : "failed");
});

/* Theme: a cookie, so that the server draws the next page right from its first byte. */

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-theme-switch]")) return;
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : window.matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
});

/* One more or one fewer in the number field that a button controls. */

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  const field = step && document.getElementById(step.getAttribute("aria-controls"));
  if (!field) return;
  if (step.dataset.step > 0) field.stepUp();
  else field.stepDown();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
