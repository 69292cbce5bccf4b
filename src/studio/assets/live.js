// Looks again from time to time, and puts what is new in place of what was there. Without it, pages are loaded again.
"use strict";
const main = document.getElementById("main");
const said = document.getElementById("live");
const pause = document.getElementById("pause");
const every = Number(main.dataset.again) * 1000;
let isPaused = false;
let failures = 0;

const rowsOf = (page) => [...page.querySelectorAll("#list tr[id]")].map((row) => row.id);

// What has the focus gets it back: it is known by its address and its place among those of that address.
function placeOfFocus(part) {
  const focused = document.activeElement;
  if (!part.contains(focused)) return null;
  const all = [...part.querySelectorAll("a, summary, [tabindex]")];
  return { index: all.indexOf(focused), address: focused.getAttribute("href") };
}

function focusAgain(part, place) {
  if (!place) return;
  const all = [...part.querySelectorAll("a, summary, [tabindex]")];
  const same = place.address && all.find((one) => one.getAttribute("href") === place.address);
  (same || all[place.index] || main).focus({ preventScroll: true });
}

function replace(fresh) {
  let isNew = false;
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.innerHTML === part.dataset.last) continue;
    const open = [...part.querySelectorAll("details")].map((details) => details.open);
    const focus = placeOfFocus(part);
    isNew ||= part.dataset.last !== undefined;
    part.dataset.last = next.innerHTML;
    part.replaceChildren(...next.cloneNode(true).childNodes);
    part.querySelectorAll("details").forEach((details, index) => { details.open = Boolean(open[index]); });
    focusAgain(part, focus);
  }
  return isNew;
}

function say(text) {
  if (said.textContent !== text) said.textContent = text;
}

async function look() {
  if (isPaused || document.hidden || !getSelection().isCollapsed) return;
  const answer = await fetch(location.href, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const before = new Set(rowsOf(document));
  const come = rowsOf(fresh).filter((row) => !before.has(row)).length;
  replace(fresh);
  if (come > 0) say(come === 1 ? "Live. One new delivery." : `Live. ${come} new deliveries.`);
  else if (failures > 0 || said.textContent === "") say("Live.");
  failures = 0;
}

async function again() {
  try {
    await look();
  } catch {
    failures += 1;
    if (failures === 2) say("Not live: studio does not answer. Is it still running?");
  }
  setTimeout(again, every * Math.min(2 ** failures, 12));
}

if (every > 0) {
  for (const part of document.querySelectorAll("[data-live]")) part.dataset.last = part.innerHTML;
  pause.parentElement.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    say(isPaused ? "Paused." : "Live.");
  });
  say("Live.");
  setTimeout(again, every);
}
