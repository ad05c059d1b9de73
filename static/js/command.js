/* The command box: Ctrl K or Cmd K opens it, arrows choose, Enter goes there. Focus stays in the field; what is chosen is told
   by aria-activedescendant. Without this file its button is a link to a page that does the same. */

(() => {
  const box = () => document.getElementById("command");
  const field = () => document.getElementById("command-field");
  const options = () => [...document.querySelectorAll("#command-options a[role=option]")];
  const chosen = () => options().find((one) => one.getAttribute("aria-selected") === "true");

  const choose = (option) => {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) {
      field().setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else field().removeAttribute("aria-activedescendant");
  };

  const open = () => {
    if (box().open || document.querySelector("dialog[open]")) return;
    document.activeElement?.closest(":popover-open")?.hidePopover();
    box().showModal();
    field().focus();
    field().select();
    window.htmx?.trigger(field(), "look");
  };

  document.addEventListener("keydown", (event) => {
    if (!box()) return;
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      if (box().open) box().close();
      else open();
      return;
    }
    if (event.target !== field() || event.isComposing) return;
    const all = options();
    const at = all.indexOf(chosen());
    if (event.key === "ArrowDown") choose(all[(at + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(all.at(at - 1));
    else if (event.key === "Enter" && chosen()) chosen().click();
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-command]") && box() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open();
    } else if (event.target.closest("[data-command-close]") || event.target === box()) box().close();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    // A whole page where options were asked for: the session ended, so let the browser go to the sign-in.
    if (event.detail.target?.id !== "command-options" || !/^\s*<!doctype/i.test(event.detail.xhr.responseText)) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "command-options") return;
    const all = options();
    field().setAttribute("aria-expanded", String(all.length > 0));
    choose(all[0]);
    document.getElementById("command-status").textContent = all.length === 1 ? "1 result" : `${all.length} results`;
  });
})();
