// An editor of a description: what can be entered comes from its outline, what was entered is JSON in a text area.
// Without JavaScript the text area itself is the editor.
import { Boxes } from "./boxes.js";
import { below, isObject, make, nextId } from "./values.js";

class Editor extends Boxes {
  constructor(root) {
    super();
    this.root = root;
    this.config = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    this.area = root.querySelector("[data-editor-json]");
    this.view = root.querySelector("[data-editor-view]");
    this.warning = root.querySelector("[data-editor-warning]");
    this.typeField = this.config.type_field && root.closest("form").elements[this.config.type_field];
    this.place = { get: () => this.value, set: (value) => { this.value = value; }, changed: () => this.write() };
    this.kept = {};
    root.querySelector("[data-editor-switch]").addEventListener("click", () => this.switchView());
    if (this.typeField) this.typeField.addEventListener("change", () => this.changeType());
    this.type = this.currentType();
    root.classList.add("editor-on");
    this.root.closest("form").addEventListener("submit", (event) => this.check(event), true);
    if (this.read()) this.draw(); else this.asText(true);
  }
  currentType() { return this.typeField ? this.typeField.value : Object.keys(this.config.outlines)[0]; }
  read() {
    try {
      this.value = JSON.parse(this.area.value || "{}");
      if (!isObject(this.value)) throw new Error("write an object: {...}");
      this.warning.textContent = "";
      return true;
    } catch (error) {
      this.warning.textContent = `This is no JSON: ${error.message}. Correct it to go on with the form.`;
      return false;
    }
  }
  write() { this.area.value = JSON.stringify(this.value, null, 2); }
  asText(shown) {
    this.area.hidden = !shown;
    this.view.hidden = shown;
    this.root.querySelector("[data-editor-switch]").textContent = shown ? "Back to the form" : "As JSON";
  }
  switchView() {
    if (this.area.hidden) { this.write(); this.asText(true); return; }
    if (!this.read()) return;
    this.asText(false);
    this.draw();
  }
  changeType() {
    this.kept[this.type] = this.value;
    this.type = this.currentType();
    // What both types have goes along.
    this.value = this.kept[this.type] || (isObject(this.value) && this.value.transformers ? { transformers: this.value.transformers } : {});
    this.config.problems = {};
    this.write();
    this.draw();
  }
  check(event) {
    const wrong = this.view.hidden ? null : this.view.querySelector("[data-wrong]");
    if (!wrong) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    open(wrong);
    wrong.scrollIntoView({ block: "center" });
    wrong.querySelector("input, textarea, select")?.focus();
  }
  draw() {
    this.asText(false);
    const nodes = this.config.outlines[this.type];
    if (!nodes) { this.view.replaceChildren(make("p", { class: "described-help" }, "Choose a type first.")); return; }
    const more = nodes.filter((node) => isPlain(node));
    const main = nodes.filter((node) => !isPlain(node));
    const parts = main.map((node) => this.section(node));
    if (main.length && more.length) {
      parts.push(this.fold("More", more.map((node) => this.node(node, below(this.place, node.name), node.name)), {
        open: more.some((node) => node.required || below(this.place, node.name).get() !== undefined),
      }));
    } else parts.push(...more.map((node) => this.node(node, below(this.place, node.name), node.name)));
    if (!nodes.length) parts.push(make("p", { class: "described-help" }, "It has no options."));
    this.view.replaceChildren(...parts);
    this.complain(this.config.problems || {});
  }
  section(node) {
    const place = below(this.place, node.name);
    const step = (this.config.steps[this.type] || {})[node.name];
    this.begin(node, place);
    const body = node.kind === "group" && !node.optional
      ? this.fields(node.fields, place, node.name)
      : [this.control(node, place, node.name)];
    if (step && this.config.try_url) body.push(this.runner(node.name, step));
    const open = node.required || Boolean(step) || place.get() !== undefined;
    return this.fold(node.title, body, { open, help: node.help, path: node.name, top: true });
  }
  // A needed group is there from the start, so that what it lacks is told at its own options.
  begin(node, place) {
    if (node.kind === "group" && node.required && place.get() === undefined) place.set({});
  }
  fold(title, body, { open = false, help = "", path, top = false } = {}) {
    const details = make("details", { class: top ? "editor-section" : "editor-fold", open, "data-path": path },
      make("summary", {}, make("strong", {}, title), help ? make("span", { class: "described-help" }, help) : undefined),
      make("div", { class: "editor-body" }, ...body));
    return details;
  }
  fields(nodes, place, path) {
    return nodes.map((node) => this.node(node, below(place, node.name), `${path}.${node.name}`));
  }
  node(node, place, path) {
    this.begin(node, place);
    if (node.kind === "group" && !node.optional) {
      return this.fold(node.title, this.fields(node.fields, place, path), {
        open: node.required || place.get() !== undefined, help: node.help, path,
      });
    }
    const control = this.control(node, place, path);
    const target = control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea");
    if (target && !target.id) target.id = nextId();
    const label = make("label", { class: "described-label", for: target && target.id }, node.title);
    if (node.required) label.append(make("span", { class: "described-needed", title: "needed" }, " *"));
    const wide = ["blocks", "named", "list_of", "group", "one_of"].includes(node.kind);
    return make("div", { class: `described-option${wide ? " editor-wide" : ""}`, "data-path": path },
      label,
      make("div", { class: "described-input" }, control, node.help ? make("p", { class: "described-help" }, node.help) : undefined));
  }
  // Problems: each at its field, or at what is nearest around it.
  complain(problems) {
    this.view.querySelectorAll("[data-problem]").forEach((each) => each.remove());
    this.view.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
    let first = null;
    for (const [path, text] of Object.entries(problems)) {
      let at = path;
      let found = null;
      while (at && !(found = this.view.querySelector(`[data-path="${CSS.escape(at)}"]`))) at = at.replace(/(\.[^.[\]]*|\[\d+\]|^[^.[]+)$/, "");
      const where = found ? path.slice(at.length).replace(/^\./, "") : path;
      const line = make("p", { class: "described-problem", "data-problem": true, role: "alert" }, where && found && !found.matches("select") ? `${where}: ${text}` : found ? text : `${path}: ${text}`);
      if (found && found.matches("select")) found.after(line);
      else if (found && found.matches("details, section")) found.querySelector(":scope > .editor-body").prepend(line);
      else if (found) found.querySelector(":scope > .described-input").append(line);
      else this.view.prepend(line);
      if (found && !found.matches("details, section")) {
        const box = found.matches("select") ? found : found.querySelector("input, textarea, select");
        if (box) box.setAttribute("aria-invalid", "true");
      }
      open(line);
      first = first || line;
    }
    return first;
  }
  runner(step, title) {
    const answer = make("div", { class: "route-trial", "aria-live": "polite", "data-step-answer": step });
    const button = make("button", { type: "button", class: "editor-run" }, title);
    button.addEventListener("click", async () => {
      const wrong = this.view.querySelector("[data-wrong]");
      if (wrong) { open(wrong); wrong.scrollIntoView({ block: "center" }); return; }
      const form = new FormData(this.root.closest("form"));
      form.set("step", step);
      button.disabled = true;
      answer.textContent = "Asking ...";
      const said = await ask(this.config.try_url, form);
      button.disabled = false;
      show(answer, said);
      this.config.problems = said.problems || {};
      this.complain(this.config.problems);
    });
    return make("div", { class: "editor-runner" }, button, answer);
  }
}

const isPlain = (node) => !["group", "one_of", "blocks", "named", "list_of"].includes(node.kind);
const open = (element) => { for (let at = element; at; at = at.parentElement) if (at.matches("details")) at.open = true; };
async function ask(url, form) {
  try {
    const reply = await fetch(url, { method: "POST", body: form, headers: { "X-Requested-With": "fetch" } });
    if (reply.ok) return await reply.json();
    return { text: reply.status === 403 ? "You may not do this." : `The hub answered ${reply.status}. Reload the page and try again.` };
  } catch (error) {
    return { text: "The hub cannot be reached. Is it running?" };
  }
}
function show(place, said) {
  if (said.html !== undefined) place.innerHTML = said.html; else place.textContent = said.text;
}

document.addEventListener("DOMContentLoaded", () => {
  const editors = [...document.querySelectorAll("[data-editor]")].map((root) => new Editor(root));
  // Panels beside the editor, such as the preview of requests.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-panel-url]");
    if (!button) return;
    event.preventDefault();
    const panel = button.closest("[data-panel]");
    const form = new FormData(button.closest("form"));
    if (button.name) form.set(button.name, button.value);
    button.disabled = true;
    const said = await ask(button.dataset.panelUrl, form);
    button.disabled = false;
    show(panel.querySelector("[data-panel-answer]"), said);
    for (const editor of editors) editor.complain(said.problems || {});
  });
  // An entity that is picked is put into the box, to be changed there.
  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-pick]")) return;
    const option = event.target.selectedOptions[0];
    if (option && option.dataset.text) document.getElementById(event.target.dataset.pick).value = option.dataset.text;
  });
});
