/* Steps dragged to another place. It presses the button that Up and Down press too, so the server decides as it does for them:
   without this file the steps are moved by their buttons and by "Move to…". */

{
  let dragged = null;

  const places = (builder) => builder.querySelectorAll("[data-drop]");

  /* A step cannot be dropped into its own branches, nor where it stands. */
  const takes = (place, key) => {
    const item = document.getElementById(`step-${key}`);
    return !item?.contains(place) && place.dataset.drop !== behind(item);
  };

  /* The place right behind a step: before the next one, or at the end of its list. */
  const behind = (item) => {
    const next = item?.nextElementSibling ?? item?.parentElement.nextElementSibling;
    return next?.querySelector("[data-drop]")?.dataset.drop;
  };

  const finish = () => {
    document.querySelectorAll(".is-dragged, .is-over, .is-open").forEach((one) => one.classList.remove("is-dragged", "is-over", "is-open"));
    dragged = null;
  };

  document.addEventListener("dragstart", (event) => {
    const handle = event.target.closest?.("[data-drag]");
    if (!handle) return;
    dragged = handle.dataset.drag;
    const item = document.getElementById(`step-${dragged}`);
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged);
    event.dataTransfer.setDragImage(item.querySelector(".step"), 12, 12);
    // Later, so that the picture which the browser takes shows the step as it was.
    requestAnimationFrame(() => {
      item.classList.add("is-dragged");
      for (const place of places(item.closest("[data-builder]"))) if (takes(place, dragged)) place.classList.add("is-open");
    });
  });

  document.addEventListener("dragover", (event) => {
    if (!dragged) return;
    const near = nearest(event.clientX, event.clientY);
    for (const place of document.querySelectorAll(".is-over")) if (place !== near) place.classList.remove("is-over");
    if (!near) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "move";
    near.classList.add("is-over");
  });

  /* The open place that is nearest to the pointer, where one is near. */
  const nearest = (x, y) => {
    let best = null;
    let least = 140;
    for (const place of document.querySelectorAll("[data-drop].is-open")) {
      const box = place.getBoundingClientRect();
      const far = Math.hypot(x - (box.left + box.width / 2), (y - (box.top + box.height / 2)) * 1.4);
      if (far < least) [best, least] = [place, far];
    }
    return best;
  };

  document.addEventListener("drop", (event) => {
    const place = dragged && nearest(event.clientX, event.clientY);
    if (!place) return;
    event.preventDefault();
    const key = dragged;
    finish();
    const button = document.getElementById("drop");
    button.value = `put:${key}:${place.dataset.drop}`;
    // There the step stands in view again, and what is pressed next is pressed on it.
    document.getElementById(`up-${key}`)?.focus({ preventScroll: true });
    button.click();
  });

  document.addEventListener("dragend", finish);
}
