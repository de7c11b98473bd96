// How a page looks and sounds to this shopper: high contrast, large text, low reach, spoken prices.
// It runs before anything is drawn, so that nothing jumps. The kiosk's own choice is in
// `data-view` of the script; a shopper's is kept in the browser until the next shopper comes.
window.smartscale = (() => {
  const key = "smartscale-view";
  const root = document.documentElement;
  const usual = document.currentScript.dataset.view.split(" ").filter(Boolean);
  if (matchMedia("(prefers-contrast: more)").matches && !usual.includes("contrast")) {
    usual.push("contrast");
  }
  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem(key)) ?? usual;
    } catch {
      return usual; // a browser that keeps nothing
    }
  };
  let chosen = new Set(read());
  let led = null;
  // The way to the staff's pages where shoppers are not to see it: the logo held for three seconds,
  // or a key.
  const staff = document.currentScript.dataset.staff;
  if (staff) {
    const enter = () => location.assign(staff);
    let held = 0;
    addEventListener("pointerdown", (event) => {
      if (event.target.closest?.(".brand")) held = setTimeout(enter, 3000);
    });
    for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => clearTimeout(held));
    addEventListener("contextmenu", (event) => {
      if (event.target.closest?.(".brand")) event.preventDefault();
    });
    addEventListener("keydown", (event) => {
      if (event.ctrlKey && event.altKey && event.code === "KeyS") enter();
    });
  }
  const apply = () => {
    root.dataset.view = [...chosen].join(" ");
    dispatchEvent(new Event("smartscale-view"));
  };
  const keep = () => {
    try {
      sessionStorage.setItem(key, JSON.stringify([...chosen]));
    } catch {
      // It holds for this page then.
    }
    apply();
  };
  apply();
  // On a phone languages and staff's tabs scroll in their place: the ones that hold are shown.
  const shown = new WeakSet();
  new MutationObserver(() => {
    const held = '.language[aria-pressed="true"], .staff-tab[aria-current]';
    for (const one of document.querySelectorAll(held)) {
      if (shown.has(one)) continue;
      shown.add(one);
      one.scrollIntoView({ block: "nearest", inline: "center" });
    }
  }).observe(root, { childList: true, subtree: true });
  // When the kiosk's process goes away, what is drawn holds no more: an old price must not stay on
  // the screen. NiceGUI shows its own note of that in an element that is there by then.
  const watched = () => {
    const note = document.getElementById("popup");
    if (!note) return;
    const tell = () => root.toggleAttribute("data-away", note.ariaHidden === "false");
    new MutationObserver(tell).observe(note, { attributeFilter: ["aria-hidden"] });
    tell();
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", watched);
  else watched();
  // An idle screen stirs now and then. Without a pause that would keep a processor busy, and whoever
  // reads beside it.
  const hop = ["none", "translateY(-12px) rotate(5deg)", "none"].map((transform) => ({ transform }));
  setInterval(() => {
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    document.querySelectorAll(".attract img").forEach((drawing, place) => {
      drawing.animate(hop, { duration: 700, delay: 120 * place, easing: "ease-in-out" });
    });
  }, 10_000);
  // A screen that goes dark weighs nothing. Browsers give the lock up when the page is hidden, and
  // refuse it while the battery is low: then the screen follows the system's settings.
  const stayAwake = () => {
    if (document.visibilityState === "visible") {
      navigator.wakeLock?.request("screen").catch((why) => console.info(`No wake lock: ${why}`));
    }
  };
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
  // NiceGUI's own texts are English, and it says so on the document; the kiosk knows better.
  let spoken = { lang: root.lang, dir: root.dir };
  const speak = () => {
    if (root.lang !== spoken.lang) root.lang = spoken.lang;
    if (root.dir !== spoken.dir) root.dir = spoken.dir;
  };
  new MutationObserver(speak).observe(root, { attributeFilter: ["lang", "dir"] });
  return {
    speak(lang, dir) {
      spoken = { lang, dir };
      speak();
    },
    // The keyboard goes on at what comes next, or where that is told.
    lead() {
      const heading = document.querySelector(".panel h1");
      heading?.setAttribute("tabindex", "-1");
      led = document.querySelector("[data-focus]") ?? heading;
      led?.focus({ preventScroll: true });
    },
    // The same where what it was led to has been drawn anew.
    leadOn() {
      if (led?.isConnected === false && document.activeElement === document.body) this.lead();
    },
    // What has come begins at its top, wherever the page was scrolled to for the tap before.
    begin() {
      const panel = document.querySelector(".panel");
      if (!panel) return;
      panel.scrollTop = 0;
      const { top } = panel.getBoundingClientRect();
      if (top < 0 || top > innerHeight / 3) panel.scrollIntoView({ block: "start" });
    },
    has: (name) => chosen.has(name),
    toggle(name) {
      if (!chosen.delete(name)) chosen.add(name);
      keep();
      if (name === "spoken") window.speechSynthesis?.cancel();
    },
    reset() {
      chosen = new Set(usual);
      keep();
    },
    // Whether this browser can speak the page's language. Browsers list their voices late, and some
    // systems have none at all: whoever wants prices spoken is told that.
    voice: () =>
      window.speechSynthesis?.getVoices().find((voice) => voice.lang.slice(0, 2) === spoken.lang),
    say(text) {
      if (!chosen.has("spoken") || !window.speechSynthesis) return;
      speechSynthesis.cancel();
      const words = new SpeechSynthesisUtterance(text);
      words.lang = root.lang;
      words.voice = this.voice() ?? null;
      speechSynthesis.speak(words);
    },
  };
})();
