// Applies the chosen theme before the first paint. A file of its own, because the content policy forbids inline script.
(() => {
  try {
    const theme = localStorage.getItem("mainspring.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is closed: the system's theme stays.
  }
})();
