"use strict";
// Brings the page up to date when the agent says that something is new; without this, it is as new as it was loaded.
const live = document.getElementById("live");
const units = [["d", 86400], ["h", 3600], ["min", 60]];
const age = (seconds) => {
  for (const [unit, size] of units) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return `${Math.max(0, Math.floor(seconds))} s`;
};
const grow = () => {
  for (const time of document.querySelectorAll("main time")) {
    if (!time.closest(".log")) time.textContent = age((Date.now() - Date.parse(time.dateTime)) / 1000);
  }
};
const same = (fresh, old) => [...fresh.querySelectorAll(old.localName)].find((each) => each.getAttribute("href") === old.getAttribute("href"));
let busy = false, more = false;
const refresh = async () => {
  if (busy) { more = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = found.getElementById("main"), old = document.getElementById("main");
    if (fresh && fresh.dataset.number !== old.dataset.number) {
      const focused = old.contains(document.activeElement) && document.activeElement;
      const bottoms = [...old.querySelectorAll(".log")].map((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 8);
      const tops = [...old.querySelectorAll(".log")].map((log) => log.scrollTop);
      old.replaceWith(fresh);
      document.title = found.title;
      fresh.querySelectorAll(".log").forEach((log, number) => { log.scrollTop = bottoms[number] === false ? tops[number] : log.scrollHeight; });
      const again = focused && same(fresh, focused);
      if (again) again.focus({ preventScroll: true });
    }
  } finally {
    busy = false;
    if (more) { more = false; refresh(); }
  }
};
const events = new EventSource("/events");
events.onopen = () => { live.textContent = "It follows what happens."; };
events.onmessage = (event) => { if (event.data !== document.getElementById("main").dataset.number) refresh(); };
events.onerror = () => { live.textContent = "The agent does not answer; what is shown may be old."; };
for (const log of document.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
setInterval(grow, 5000);
