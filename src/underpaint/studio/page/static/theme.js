// Runs before the first paint, so that nobody who works in the dark is dazzled by a reload.
try {
  const theme = localStorage.getItem("underpaint.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the page follows the system.
}
