// Values of settings, their places, and how they are written in a box.
export const MASK = "********";
export const make = (tag, attributes = {}, ...children) => {
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
export const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
export const equal = (one, other) => JSON.stringify(one) === JSON.stringify(other);
let counter = 0;
export const nextId = () => `editor-${++counter}`;

// A value that may be any JSON, written the short way: a text stands for itself where nothing else can be meant.
const looksJson = (text) => /^\s*([[{"]|-?\d+(\.\d+)?([eE][+-]?\d+)?\s*$|(true|false|null)\s*$)/.test(text);
export const writeJson = (value) => {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return looksJson(value) || value.trim() === "" ? JSON.stringify(value) : value;
  return JSON.stringify(value, null, 2);
};
export const readJson = (text) => {
  if (text.trim() === "") return undefined;
  return looksJson(text) ? JSON.parse(text) : text;
};

// A place in the value. Objects on the way to it are made when something is put there.
export const below = (place, name) => ({
  get: () => { const at = place.get(); return at !== null && typeof at === "object" ? at[name] : undefined; },
  set: (value) => {
    let at = place.get();
    if (at === null || typeof at !== "object") { at = {}; place.set(at); }
    if (value === undefined && !Array.isArray(at)) delete at[name]; else at[name] = value;
    place.changed();
  },
  changed: place.changed,
});
