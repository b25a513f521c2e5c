"use strict";
// An editor of a description: what can be entered comes from its outline, what was entered is JSON in a text area.
// Without JavaScript the text area itself is the editor.
(() => {
  const MASK = "********";
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== undefined && child !== null));
    return element;
  };
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);
  let counter = 0;

  // A value that may be any JSON, written the short way: a text stands for itself where nothing else can be meant.
  const looksJson = (text) => /^\s*([[{"]|-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$|(true|false|null)\s*$)/.test(text);
  const writeJson = (value) => {
    if (value === undefined || value === null) return "";
    if (typeof value === "string") return looksJson(value) || value.trim() === "" ? JSON.stringify(value) : value;
    return JSON.stringify(value, null, 2);
  };
  const readJson = (text) => {
    if (text.trim() === "") return undefined;
    return looksJson(text) ? JSON.parse(text) : text;
  };

  // A place in the value. Objects on the way to it are made when something is put there.
  const below = (place, name) => ({
    get: () => { const at = place.get(); return at !== null && typeof at === "object" ? at[name] : undefined; },
    set: (value) => {
      let at = place.get();
      if (at === null || typeof at !== "object") { at = {}; place.set(at); }
      if (value === undefined && !Array.isArray(at)) delete at[name]; else at[name] = value;
      place.changed();
    },
    changed: place.changed,
  });

  class Editor {
    constructor(root) {
      this.root = root;
      this.config = JSON.parse(root.querySelector("script[type='application/json']").textContent);
      this.area = root.querySelector("[data-editor-json]");
      this.view = root.querySelector("[data-editor-view]");
      this.warning = root.querySelector("[data-editor-warning]");
      this.kindField = this.config.kind_field && root.closest("form").elements[this.config.kind_field];
      this.place = { get: () => this.value, set: (value) => { this.value = value; }, changed: () => this.write() };
      this.kept = {};
      root.querySelector("[data-editor-switch]").addEventListener("click", () => this.switchView());
      if (this.kindField) this.kindField.addEventListener("change", () => this.changeKind());
      this.kind = this.currentKind();
      root.classList.add("editor-on");
      this.root.closest("form").addEventListener("submit", (event) => this.check(event), true);
      if (this.read()) this.draw(); else this.asText(true);
    }
    currentKind() { return this.kindField ? this.kindField.value : Object.keys(this.config.outlines)[0]; }
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
    changeKind() {
      this.kept[this.kind] = this.value;
      this.kind = this.currentKind();
      // What both kinds have goes along.
      this.value = this.kept[this.kind] || (isObject(this.value) && this.value.transformers ? { transformers: this.value.transformers } : {});
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
      const nodes = this.config.outlines[this.kind];
      if (!nodes) { this.view.replaceChildren(make("p", { class: "described-help" }, "Choose a kind first.")); return; }
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
      const step = (this.config.steps[this.kind] || {})[node.name];
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
      if (target && !target.id) target.id = `editor-${++counter}`;
      const label = make("label", { class: "described-label", for: target && target.id }, node.title);
      if (node.required) label.append(make("span", { class: "described-needed", title: "needed" }, " *"));
      const wide = ["blocks", "named", "list_of", "group", "one_of"].includes(node.kind);
      return make("div", { class: `described-option${wide ? " editor-wide" : ""}`, "data-path": path },
        label,
        make("div", { class: "described-input" }, control, node.help ? make("p", { class: "described-help" }, node.help) : undefined));
    }
    // A box like those of other forms; some have a frame around them, which is what is put into the page.
    clone(name) {
      const frame = this.root.querySelector(`template[data-widget=${name}]`).content.firstElementChild.cloneNode(true);
      const control = frame.matches("input, select, textarea") ? frame : frame.querySelector("input, select, textarea");
      // Which box is wrong is told for each by itself, not for all of the editor.
      control.className = control.className.split(/\s+/).filter((name) => !name.includes("group-[.errors]")).join(" ");
      control.frame = frame;
      return control;
    }

    control(node, place, path) {
      const kinds = {
        text: () => this.text(node, place), integer: () => this.number(node, place), number: () => this.number(node, place),
        checkbox: () => this.checkbox(node, place), yes_no: () => this.choice(node, place, [["", ""], [true, "yes"], [false, "no"]]),
        choice: () => this.choice(node, place, [...(node.default ? [] : [["", ""]]), ...node.choices.map((each) => [each, each.replaceAll("_", " ")])]),
        list: () => this.lines(node, place), texts: () => this.pairs(node, place, false), values: () => this.pairs(node, place, true),
        json: () => this.json(node, place), secret: () => this.secret(node, place),
        group: () => this.optional(node, place, path), one_of: () => this.oneOf(node, place, path),
        blocks: () => this.blocks(node, place, path), named: () => this.named(node, place, path), list_of: () => this.listOf(node, place, path),
      };
      return kinds[node.kind]();
    }
    text(node, place) {
      const input = this.clone("text");
      const value = place.get();
      input.value = value === undefined || value === null ? node.default ?? "" : typeof value === "string" ? value : JSON.stringify(value);
      const names = node.code_of && this.config.names[node.code_of];
      if (names) {
        const list = make("datalist", { id: `editor-${++counter}` }, ...names.map((each) => make("option", { value: each })));
        input.setAttribute("list", list.id);
        const box = make("div", {}, input.frame, list);
        this.listen(input, () => place.set(input.value === (node.default ?? "") ? undefined : input.value));
        return box;
      }
      this.listen(input, () => place.set(input.value === (node.default ?? "") ? undefined : input.value));
      return input.frame;
    }
    listen(input, act) { input.addEventListener("input", act); input.addEventListener("change", act); }
    number(node, place) {
      const input = this.clone("text");
      input.inputMode = "decimal";
      input.value = place.get() ?? node.default ?? "";
      this.listen(input, () => {
        const text = input.value.trim();
        const value = text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
        place.set(text === "" || value === node.default ? undefined : value);
      });
      return input.frame;
    }
    checkbox(node, place) {
      const input = this.clone("checkbox");
      input.checked = Boolean(place.get() ?? node.default);
      this.listen(input, () => place.set(input.checked === Boolean(node.default) ? undefined : input.checked));
      return input.frame;
    }
    choice(node, place, options) {
      const select = this.clone("select");
      const now = place.get() ?? node.default ?? "";
      const shown = options.some(([value]) => value === now) ? options : [...options, [now, String(now)]];
      select.replaceChildren(...shown.map(([value, label]) => make("option", { value: String(value), selected: value === now }, label)));
      select.value = String(now);
      this.listen(select, () => {
        const value = shown[select.selectedIndex][0];
        place.set(value === "" || value === node.default ? undefined : value);
      });
      return select.frame;
    }
    lines(node, place) {
      const area = this.clone("textarea");
      const value = place.get() ?? node.default ?? [];
      area.value = Array.isArray(value) ? value.map((each) => typeof each === "string" ? each : JSON.stringify(each)).join("\n") : String(value);
      area.rows = Math.max(1, Math.min(6, area.value.split("\n").length));
      area.placeholder = "One on each line";
      this.listen(area, () => {
        const found = area.value.split("\n").map((line) => line.trim()).filter(Boolean);
        place.set(equal(found, node.default ?? []) ? undefined : found);
      });
      return area.frame;
    }
    json(node, place) {
      const area = this.clone("textarea");
      const value = place.get() === undefined ? node.default : place.get();
      area.value = writeJson(value);
      area.rows = Math.max(2, Math.min(14, area.value.split("\n").length));
      area.placeholder = "A text, or JSON";
      const box = make("div", {}, area.frame);
      this.listen(area, () => this.parsed(box, area.value, (found) => place.set(equal(found, node.default) ? undefined : found)));
      return box;
    }
    parsed(box, text, take) {
      box.querySelector("[data-local]")?.remove();
      delete box.dataset.wrong;
      try { take(readJson(text)); } catch (error) {
        box.dataset.wrong = "";
        box.append(make("p", { class: "described-problem", "data-local": true, role: "alert" },
          `This is no JSON: ${error.message}. For a text that begins so, write it in quotes.`));
      }
    }
    secret(node, place) {
      const input = this.clone("secret");
      const stored = place.get() === MASK;
      const box = make("div", {}, input.frame);
      if (stored) box.append(make("p", { class: "described-help" }, "Stored. Leave empty to keep it."));
      this.listen(input, () => place.set(input.value || (stored ? MASK : undefined)));
      if (stored && !node.required) {
        const remove = make("input", { type: "checkbox", onchange: () => place.set(remove.checked ? undefined : input.value || MASK) });
        box.append(make("label", { class: "described-remove" }, remove, " Remove what is stored"));
      }
      return box;
    }
    pairs(node, place, anything) {
      const box = make("div", { class: "editor-pairs" });
      const rows = Object.entries(isObject(place.get()) ? place.get() : node.default || {});
      const gather = () => {
        const found = {};
        delete box.dataset.wrong;
        box.querySelectorAll("[data-local]").forEach((each) => each.remove());
        for (const row of box.querySelectorAll(".described-pair")) {
          const [name, value] = row.querySelectorAll("input, textarea");
          const say = (text) => { box.dataset.wrong = ""; row.after(make("p", { class: "described-problem", "data-local": true, role: "alert" }, text)); };
          if (!name.value && value.value) say("Give it a name.");
          else if (name.value && name.value in found) say("There is another one of this name.");
          if (!name.value) continue;
          try { found[name.value] = anything ? readJson(value.value) ?? null : value.value; } catch (error) { say(`This is no JSON: ${error.message}.`); }
        }
        place.set(equal(found, node.default || {}) ? undefined : found);
      };
      const add = (name = "", value = "") => {
        const left = this.clone("text");
        const right = this.clone(anything && String(writeJson(value)).includes("\n") ? "textarea" : "text");
        left.value = name;
        right.value = anything ? writeJson(value) : typeof value === "string" ? value : JSON.stringify(value);
        left.placeholder = "Name"; right.placeholder = anything ? "A text, or JSON" : "Value";
        left.setAttribute("aria-label", `${node.title}: name`); right.setAttribute("aria-label", `${node.title}: value`);
        this.listen(left, gather); this.listen(right, gather);
        const row = make("div", { class: "described-pair editor-pair" }, left.frame, right.frame);
        row.append(this.button("Remove", () => { row.remove(); gather(); }, `Remove ${node.title}`));
        more.before(row);
      };
      const more = this.button("Add", () => { add(); box.querySelector(".described-pair:last-of-type input")?.focus(); }, `Add to ${node.title}`);
      box.append(more);
      for (const [name, value] of rows) add(name, value);
      return box;
    }
    button(text, act, label) {
      return make("button", { type: "button", class: "editor-button", onclick: act, "aria-label": label, title: label }, text);
    }
    optional(node, place, path) {
      const inner = make("div", { class: "editor-body" });
      const box = this.clone("checkbox");
      box.id = `editor-${++counter}`;
      let kept = isObject(place.get()) ? place.get() : {};
      const draw = () => {
        inner.hidden = !box.checked;
        inner.replaceChildren(...(box.checked ? this.fields(node.fields, place, path) : []));
      };
      box.checked = isObject(place.get());
      box.addEventListener("change", () => {
        if (box.checked) place.set(kept); else { kept = place.get() || kept; place.set(undefined); }
        draw();
      });
      draw();
      return make("div", {}, make("label", { class: "editor-use", for: box.id }, box.frame, ` Use ${node.title.toLowerCase()}`), inner);
    }
    oneOf(node, place, path) {
      const select = this.clone("select");
      const inner = make("div", { class: "editor-body" });
      const kept = {};
      const now = () => (isObject(place.get()) && place.get().type) || node.default || "";
      const draw = () => {
        const type = node.types.find((each) => each.type === now());
        const help = type && type.help ? [make("p", { class: "described-help" }, type.help)] : [];
        inner.replaceChildren(...help, ...(type ? this.fields(type.fields, place, path) : []));
      };
      const options = node.types.map((each) => make("option", { value: each.type }, each.title));
      select.replaceChildren(...(node.default ? [] : [make("option", { value: "" }, "Choose")]), ...options);
      select.value = now();
      select.setAttribute("aria-label", node.title);
      select.dataset.path = `${path}.type`;
      select.addEventListener("change", () => {
        kept[now()] = place.get();
        const chosen = select.value;
        place.set(chosen === node.default && !kept[chosen] ? undefined : kept[chosen] || { type: chosen });
        // The options of the default type say as well which type they are of.
        if (chosen && place.get() === undefined) place.set({ type: chosen });
        draw();
      });
      draw();
      return make("div", {}, select.frame, inner);
    }
    list(node, place, path, cards, adder) {
      const box = make("div", { class: "editor-list" });
      const items = () => (Array.isArray(place.get()) ? place.get() : []);
      const put = (changed) => { place.set(changed.length ? changed : undefined); draw(); };
      const draw = () => {
        const all = items();
        box.replaceChildren(...all.map((item, index) => {
          const move = (by) => { const copy = [...items()]; const [one] = copy.splice(index, 1); copy.splice(index + by, 0, one); put(copy); };
          const at = below(place, index);
          const card = cards(item, at, `${path}[${index}]`, index);
          const up = this.button("Up", () => move(-1), `Move ${card.title} up`);
          const down = this.button("Down", () => move(1), `Move ${card.title} down`);
          up.disabled = index === 0;
          down.disabled = index === all.length - 1;
          const copy = this.button("Copy", () => { const more = [...items()]; more.splice(index + 1, 0, structuredClone(items()[index])); put(more); }, `Copy ${card.title}`);
          const remove = this.button("Remove", () => put(items().filter((_, other) => other !== index)), `Remove ${card.title}`);
          return make("section", { class: "editor-card", "data-path": `${path}[${index}]` },
            make("header", {}, make("strong", {}, `${index + 1}. ${card.title}`), make("span", { class: "editor-tools" }, up, down, copy, remove)),
            make("div", { class: "editor-body" }, ...card.body));
        }), adder((item) => put([...items(), item])));
      };
      draw();
      return box;
    }
    blocks(node, place, path) {
      return this.list(node, place, path,
        (item, at, where) => ({ title: (isObject(item) && (item.name || item.map)) || node.title, body: this.fields(node.fields, at, where) }),
        (add) => this.button(`Add to ${node.title.toLowerCase()}`, () => add({})));
    }
    listOf(node, place, path) {
      const types = this.config.lists[node.of];
      return this.list(node, place, path, (item, at, where) => {
        const type = types.find((each) => isObject(item) && each.type === item.type);
        if (!type) return { title: "Unknown type", body: [this.json({ default: undefined }, at)] };
        return { title: type.title, body: type.fields.length ? this.fields(type.fields, at, where) : [make("p", { class: "described-help" }, "It has no options.")] };
      }, (add) => {
        const select = this.clone("select");
        select.replaceChildren(make("option", { value: "" }, "Add a transformer ..."), ...types.map((each) => make("option", { value: each.type }, each.title)));
        select.setAttribute("aria-label", `Add to ${node.title.toLowerCase()}`);
        select.addEventListener("change", () => { if (select.value) add({ type: select.value }); });
        return make("div", { class: "editor-add" }, select.frame);
      });
    }
    named(node, place, path) {
      const box = make("div", { class: "editor-list" });
      const names = () => Object.keys(isObject(place.get()) ? place.get() : {});
      const draw = () => {
        const input = this.clone("text");
        input.placeholder = "Name";
        input.setAttribute("aria-label", `Name to add to ${node.title.toLowerCase()}`);
        const add = () => { if (input.value && !names().includes(input.value)) { below(place, input.value).set({}); draw(); } };
        box.replaceChildren(...names().map((name) => make("section", { class: "editor-card", "data-path": `${path}.${name}` },
          make("header", {}, make("strong", {}, name), make("span", { class: "editor-tools" }, this.button("Remove", () => { below(place, name).set(undefined); draw(); }, `Remove ${name}`))),
          make("div", { class: "editor-body" }, ...this.fields(node.fields, below(place, name), `${path}.${name}`)))),
        make("div", { class: "editor-add described-pair" }, input.frame, this.button("Add", add, `Add to ${node.title.toLowerCase()}`)));
      };
      draw();
      return box;
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
})();
