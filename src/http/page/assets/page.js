// Keys of the inbox, search while typing, and the notice of changes by others. The page works without it.
"use strict";

const keysAreOn = () => localStorage.getItem("keys") !== "off";
let deciding = false;

// While a decision is under way, no key may fall on the next row.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (deciding) { event.preventDefault(); return; }
  deciding = true;
  event.submitter?.setAttribute("aria-busy", "true");
});
window.addEventListener("pageshow", () => { deciding = false; });

function press(key) {
  const target = document.querySelector(`[data-key="${key}"]`);
  if (!target) return false;
  target.click();
  if (key === "e") openEditor();
  if (target.tagName === "SUMMARY") target.parentElement.querySelector("input:not([type=checkbox], [type=hidden])")?.focus();
  return true;
}

function openEditor() {
  const editor = document.getElementById("edit");
  if (!editor) return;
  editor.open = true;
  editor.querySelector("textarea, input:not([type=hidden])")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") { document.activeElement?.blur(); return; }
  const typing = event.target.closest?.("input, textarea, select");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (!keysAreOn() || deciding) return;
  if (press(event.key)) event.preventDefault();
});

function showKeys() {
  const box = document.querySelector("[data-keys]");
  document.body.classList.toggle("no-keys", !keysAreOn());
  if (!box) return;
  box.checked = keysAreOn();
  box.addEventListener("change", () => {
    localStorage.setItem("keys", box.checked ? "on" : "off");
    document.body.classList.toggle("no-keys", !keysAreOn());
  });
}

// The next row is fetched while this one is read, so that it is there at once.
function loadNext() {
  const next = document.querySelector("a[rel=next][data-key]");
  if (next) fetch(next.href).catch(() => {});
}

function searchWhileTyping() {
  const form = document.querySelector("[data-search]");
  if (!form) return;
  const input = form.elements.query;
  let waiting = 0;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const address = `${form.action}?${new URLSearchParams({ query: input.value })}`;
      const answer = await fetch(address);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.getElementById("found").replaceWith(page.getElementById("found"));
      history.replaceState(null, "", address);
    }, 150);
  });
}

// Shows changes by others: in the counts and the queue at once, elsewhere unless somebody is writing.
async function showChanges(notice) {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || deciding) { notice.hidden = false; return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const busy = document.querySelector("main :is(input, textarea, select):focus, main details[open]");
  const inInbox = document.querySelector(".queue ol a");
  for (const part of [".frame > nav", ".queue header .meta", ".queue ol", ...(inInbox || busy ? [] : ["main"])]) {
    const [old, now] = [document.querySelector(part), page.querySelector(part)];
    if (old && now && !old.contains(document.activeElement)) old.replaceWith(document.adoptNode(now));
  }
  notice.hidden = !busy || Boolean(inInbox);
}

function followChanges() {
  const notice = document.querySelector(".live");
  if (!notice || !window.EventSource) return;
  const events = new EventSource("/events");
  let waiting = 0;
  events.onmessage = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => showChanges(notice), 150);
  };
  window.addEventListener("pagehide", () => events.close());
}

document.querySelector(".queue [aria-current]")?.scrollIntoView({ block: "nearest" });
showKeys();
loadNext();
searchWhileTyping();
followChanges();
