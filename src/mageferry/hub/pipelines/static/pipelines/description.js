"use strict";
// Shows the options of the type that is chosen. Rows that are added later are served as well.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-described-type]")) return;
  const described = event.target.closest("[data-described]");
  for (const group of described.querySelectorAll("[data-described-options]")) {
    group.hidden = group.dataset.describedOptions !== event.target.value;
  }
});
// The test panel: the answer appears below it, without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-trial]")) return;
  event.preventDefault();
  const answer = form.querySelector("[data-trial-answer]");
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  answer.textContent = "Sending ...";
  try {
    const reply = await fetch(form.action, {
      method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" },
    });
    const text = await reply.text();
    if (reply.ok) answer.innerHTML = text;
    else answer.textContent = `The hub answered ${reply.status}. Reload the page and try again.`;
  } catch (error) {
    answer.textContent = "The hub cannot be reached. Is it running?";
  } finally {
    button.disabled = false;
  }
});
