// Before the first paint: the theme chosen last on this machine. The server's setting follows
// (state/settings.ts); a file of its own, because the policy allows no script in the page.
(function () {
  var theme = null;
  try { theme = localStorage.getItem('sotto.theme'); } catch { /* storage is switched off */ }
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
})();
