"use strict";
const form = document.querySelector(".filter");
if (form) {
  const changes = [...document.querySelectorAll("details.change")];
  const text = form.querySelector("input[type=search]");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const show = () => {
    const wanted = text.value.toLowerCase();
    const off = boxes.filter((box) => !box.checked).map((box) => box.name);
    let shown = 0;
    for (const change of changes) {
      const fits = change.textContent.toLowerCase().includes(wanted) && !off.some((kind) => change.classList.contains(kind));
      change.hidden = !fits;
      shown += fits;
    }
    form.querySelector("output").textContent = shown === changes.length ? "" : `${shown} of ${changes.length} shown`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
}
const open = () => {
  const change = /^#c\d+$/.test(location.hash) && document.querySelector(location.hash);
  if (change) change.open = true;
};
addEventListener("hashchange", open);
open();
