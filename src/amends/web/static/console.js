/* The console's own script: live pages that do not jump, the keyboard, dialogs. htmx fetches and swaps. */

"use strict";

(() => {
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const board = () => one('[data-page="board"]');
  const dialog = () => one("#dialog");

  // ---------------------------------------------------------------- the visitor's clock

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`amends_zone=${zone}`)) {
    document.cookie = `amends_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  // ---------------------------------------------------------------- live

  const REFRESH_AGAIN_MS = 400;
  const KEEP_FRESH_MS = 20000;
  const TOP_PX = 60;

  let touched = false;
  let waiting = new Set();
  let lastRefresh = 0;
  let planned = null;

  const busy = () => one("dialog[open]") !== null || one("main :is(input, textarea, select):focus") !== null;
  const mayMove = () => !touched && window.scrollY < TOP_PX && !busy();

  function plan(refresh) {
    if (planned !== null || document.hidden) return;
    const pause = Math.max(0, lastRefresh + REFRESH_AGAIN_MS - Date.now());
    planned = setTimeout(() => {
      planned = null;
      lastRefresh = Date.now();
      refresh();
    }, pause);
  }

  function fetchPart(address, target, select) {
    // Each source has a queue of its own, so that a refresh never holds up a dialog.
    htmx.ajax("GET", address, { source: target, target, swap: "outerMorph", ...(select ? { select } : {}) });
  }

  function moveBoard() {
    waiting = new Set();
    showNews();
    fetchPart(location.pathname + location.search, "#board");
  }

  function refreshInPlace() {
    const ids = all("#rows [data-case]").map((row) => row.dataset.case);
    if (ids.length) fetchPart(`/rows?ids=${ids.join(",")}`, "#board");
  }

  function showNews() {
    const button = one("#news");
    if (!button) return;
    const count = waiting.size;
    button.hidden = count === 0;
    button.textContent = count === 1 ? button.dataset.one : button.dataset.many.replace("{count}", count);
  }

  function boardChanged(news) {
    for (const id of news.new) if (!one(`[data-case="${CSS.escape(id)}"]`)) waiting.add(id);
    if (mayMove()) plan(moveBoard);
    else {
      showNews();
      plan(refreshInPlace);
    }
  }

  function pageChanged() {
    if (!busy() && window.getSelection().isCollapsed) plan(() => fetchPart(location.href, "#live-part", "#live-part"));
  }

  function refreshPage() {
    if (!board()) fetchPart(location.href, "#live-part", "#live-part");
    else if (mayMove()) moveBoard();
    else refreshInPlace();
  }

  function setLive(state) {
    const mark = one("#live");
    if (mark) mark.dataset.state = state;
  }

  document.addEventListener("htmx:sse:after:connection", () => setLive("live"));
  document.addEventListener("htmx:sse:error", () => setLive("lost"));
  document.addEventListener("htmx:sse:close", () => setLive("lost"));
  document.addEventListener("news", (event) => boardChanged(JSON.parse(event.detail.data)));
  document.addEventListener("changed", pageChanged);
  document.addEventListener("hello", () => plan(refreshPage));
  setInterval(() => {
    if (one("#live") && !document.hidden && !busy()) plan(refreshPage);
  }, KEEP_FRESH_MS);

  for (const name of ["wheel", "touchmove"]) addEventListener(name, () => (touched = true), { passive: true });
  addEventListener("scroll", () => {
    if (window.scrollY < TOP_PX / 2) touched = false;
  }, { passive: true });
  document.addEventListener("pointerdown", (event) => {
    if (event.target.closest("#rows")) touched = true;
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#news")) return;
    touched = false;
    window.scrollTo({ top: 0 });
    moveBoard();
  });

  // ---------------------------------------------------------------- dialogs

  const SLOW_MS = 300;

  function openDialog(address) {
    const frame = dialog();
    if (!frame) return;
    frame.replaceChildren(one("#loading").content.cloneNode(true));
    const slow = setTimeout(() => frame.showModal(), SLOW_MS);
    htmx.ajax("GET", address, { source: "#dialog", target: "#dialog", swap: "innerHTML" }).then(() => {
      clearTimeout(slow);
      if (one("[data-loading]", frame)) return frame.close();
      if (!frame.open) frame.showModal();
      one("[autofocus], textarea, input:not([type=hidden]), select, button", frame)?.focus();
    });
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open]");
    if (opener) one(`#${opener.dataset.open}`)?.showModal();
    const link = event.target.closest("a[data-dialog]");
    if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
      event.preventDefault();
      openDialog(link.href);
    }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    if (event.target instanceof HTMLDialogElement) event.target.close();
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  function tell(words) {
    const line = document.createElement("p");
    line.textContent = words;
    one("#toast").replaceChildren(line);
    setTimeout(() => line.remove(), 5000);
  }

  document.addEventListener("done", (event) => {
    dialog()?.close();
    if (event.detail?.words) tell(event.detail.words);
    refreshPage();
  });

  // What failed is said in the dialog that asked for it; a page that is being read keeps what it shows.
  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx } = event.detail;
    if ((ctx?.response?.status ?? 200) < 400 || ctx.target === dialog()) return;
    event.preventDefault();
    setLive("lost");
  });

  document.addEventListener("htmx:error", (event) => {
    const element = event.detail?.ctx?.sourceElement;
    if (element?.id !== "live") tell(one("#failed").content.textContent);
  });

  // ---------------------------------------------------------------- keyboard

  const links = () => all("#rows .headline");
  const current = () => links().indexOf(document.activeElement);

  function step(by) {
    const rows = links();
    if (!rows.length) return;
    touched = true;
    const at = current();
    const next = rows[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by, 0), rows.length - 1)];
    next.focus();
    next.closest(".row").scrollIntoView({ block: "nearest" });
  }

  function caseAtHand() {
    return document.activeElement?.closest?.("[data-case]")?.dataset.case ?? one("[data-case-page]")?.dataset.casePage;
  }

  const KEYS = {
    j: () => step(1),
    k: () => step(-1),
    a: () => act("assign"),
    n: () => act("note"),
    s: () => act("snooze"),
    r: () => act("resolve"),
    u: () => (location.href = "/"),
    "/": () => (one("#search") ? one("#search").focus() : (location.href = "/#search")),
    "?": () => one("#help")?.showModal(),
  };

  function act(what) {
    const id = caseAtHand();
    if (id) openDialog(`/cases/${id}/${what}`);
  }

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog[open]")) {
      if (event.key === "Escape" && event.target.id === "search") event.target.blur();
      return;
    }
    const action = KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
})();
