// Loaded before the page is drawn, so that a remembered theme never flashes.
(() => {
  const KEY = "slotwise-theme";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be switched off; the system's theme then serves
    }
  }

  function remember(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // the choice then lasts until the page is closed
    }
  }

  const stored = remembered();
  if (stored === "dark" || stored === "light") root.dataset.theme = stored;

  document.addEventListener("DOMContentLoaded", () => {
    const toggle = document.getElementById("theme");
    const show = () => {
      toggle.setAttribute("aria-pressed", String(isDark()));
      toggle.title = isDark() ? "To the light theme" : "To the dark theme";
    };
    toggle.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      remember(root.dataset.theme);
      show();
    });
    dark.addEventListener("change", show);
    show();
  });
})();
