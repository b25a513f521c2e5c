// The boxes of an editor: one for each kind of option.
import { MASK, below, equal, isObject, make, nextId, readJson, writeJson } from "./values.js";

export class Boxes {
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
      const list = make("datalist", { id: nextId() }, ...names.map((each) => make("option", { value: each })));
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
    box.id = nextId();
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
}
