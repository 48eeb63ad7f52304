// Tells the reader when the page's scripts did not start. This is no module, so it runs even where
// modules cannot be loaded: by then the browser has run them all, or given up.

document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("task-tracker");
  if (!root || "started" in root.dataset) return;
  for (const panel of root.querySelectorAll("[data-panel]")) {
    panel.hidden = panel.dataset.panel !== "not-started";
  }
});
