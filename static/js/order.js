/* Putting things in order by dragging: a form with data-order around a list of [data-key]. The buttons beside each do the same. */

let dragged = null;
let before = "";

const keys = (form) => [...form.querySelectorAll("[data-key]")].map((one) => one.dataset.key).join(" ");

document.addEventListener("pointerdown", (event) => {
  const item = event.target.closest("[data-order] .act__grip")?.closest("[data-key]");
  if (!item || event.button) return;
  event.preventDefault();
  dragged = item;
  before = keys(item.closest("[data-order]"));
  item.classList.add("is-dragged");
});

document.addEventListener("pointermove", (event) => {
  if (!dragged) return;
  const list = dragged.parentElement;
  for (const other of list.children) {
    if (other === dragged) continue;
    const box = other.getBoundingClientRect();
    if (event.clientY < box.top || event.clientY > box.bottom) continue;
    const below = event.clientY > box.top + box.height / 2;
    list.insertBefore(dragged, below ? other.nextSibling : other);
    break;
  }
});

const drop = (keep) => {
  if (!dragged) return;
  const item = dragged;
  const form = item.closest("[data-order]");
  dragged = null;
  item.classList.remove("is-dragged");
  if (!keep) {
    const list = item.parentElement;
    for (const key of before.split(" ")) list.append(list.querySelector(`[data-key="${CSS.escape(key)}"]`));
    return;
  }
  if (keys(form) === before) return;
  const order = document.createElement("input");
  order.type = "hidden";
  order.name = "order";
  order.value = keys(form);
  form.append(order);
  form.requestSubmit();
};

document.addEventListener("pointerup", () => drop(true));
document.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") drop(false);
});
