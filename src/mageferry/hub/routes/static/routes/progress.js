"use strict";
// Looks again every few seconds while something moves.
document.addEventListener("DOMContentLoaded", () => {
  const place = document.querySelector("[data-progress]");
  if (!place) return;
  const look = async () => {
    if (!document.hidden) {
      try {
        const reply = await fetch(place.dataset.progress, { headers: { "X-Requested-With": "fetch" } });
        if (reply.ok) place.innerHTML = await reply.text();
      } catch (error) {
        // The hub is restarting: the next look may find it.
      }
    }
    later();
  };
  const later = () => setTimeout(look, place.querySelector("[data-moves=yes]") ? 2000 : 15000);
  later();
});
