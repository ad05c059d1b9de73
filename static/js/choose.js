/* Choosing contacts in a list: a tick for the whole page, and how many are chosen. Without it every tick still counts. */

const ticks = () => [...document.querySelectorAll('input[name="contact"][form="choose"]')];

const count = () => {
  const number = document.querySelector("[data-choose-number]");
  if (!number) return;
  const all = document.querySelector("[data-choose-all]").checked;
  const chosen = ticks().filter((one) => one.checked).length;
  const page = document.querySelector("[data-choose-page]");
  page.checked = chosen > 0 && chosen === ticks().length;
  page.indeterminate = chosen > 0 && !page.checked;
  number.textContent = all ? "" : chosen ? `${chosen} chosen` : "";
};

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-page]")) {
    for (const one of ticks()) one.checked = event.target.checked;
  }
  if (event.target.closest("#choose, #results")) count();
});

document.addEventListener("htmx:afterSwap", count);
window.addEventListener("pageshow", count);
