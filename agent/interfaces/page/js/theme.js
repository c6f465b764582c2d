// Runs before the page is drawn, so that a chosen theme never flashes; the switch itself is in shell.js.
document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
