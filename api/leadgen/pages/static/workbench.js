// The workbench: keys and values that the registry of policies knows, offered at the cursor as one types. What is typed
// is checked by the database; this only saves looking words up.
"use strict";

const editor = document.querySelector("[data-keys]");
const list = document.getElementById("offered");
const MOST = 8;

// Where the cursor is: the schema there, whether a key or a value is due, what is typed of it and from where.
function findPlace(text, root) {
  const stack = [{ schema: root, isObject: null, key: null, seen: [], wants: "value" }];
  let start = null, word = null;
  for (let at = 0; at < text.length; at += 1) {
    const here = stack.at(-1), letter = text[at];
    if (start !== null) {
      if (letter === "\\") at += 1;
      else if (letter === '"') {
        if (here.wants === "key") {
          here.key = text.slice(start + 1, at);
          here.seen.push(here.key);
        }
        start = null;
        here.wants = here.wants === "key" ? "colon" : "comma";
      }
      continue;
    }
    if (!/[\w.-]/.test(letter)) word = null;
    if (letter === '"') start = at;
    else if (letter === "{" || letter === "[") {
      const schema = here.isObject === null ? here.schema : findSchema(here);
      stack.push({ schema, isObject: letter === "{", key: null, seen: [], wants: letter === "{" ? "key" : "value" });
    } else if (letter === "}" || letter === "]") {
      if (stack.length > 1) stack.pop();
      stack.at(-1).wants = "comma";
    } else if (letter === ":") here.wants = "value";
    else if (letter === ",") here.wants = here.isObject ? "key" : "value";
    else if (/[\w.-]/.test(letter) && word === null) word = at;
  }
  const here = stack.at(-1), from = start ?? word ?? text.length;
  return { here, from, typed: text.slice(from).replace(/^"/, ""), isInside: start !== null || word !== null };
}

function findSchema(level) {
  const schema = level.schema ?? {};
  if (!level.isObject) return schema.items;
  const other = schema.additionalProperties;
  return schema.properties?.[level.key] ?? (typeof other === "object" ? other : undefined);
}

function listOffers({ here, typed }) {
  const isBegun = (name) => name.toLowerCase().startsWith(typed.toLowerCase()) && name !== typed;
  if (here.wants === "key" && here.isObject) {
    return Object.entries(here.schema?.properties ?? {})
      .filter(([name]) => isBegun(name) && !here.seen.includes(name))
      .map(([name, schema]) => ({ shown: name, hint: schema.hint ?? "", text: `"${name}": ` }));
  }
  if (here.wants !== "value" || here.isObject === null) return [];
  const schema = findSchema(here) ?? {};
  const values = schema.enum ?? (schema.type === "boolean" ? [true, false] : []);
  return values.filter((value) => isBegun(String(value)))
    .map((value) => ({ shown: String(value), hint: "", text: JSON.stringify(value) }));
}

function offerWords(root) {
  let offers = [], chosen = 0, from = 0;

  const close = () => {
    offers = [];
    list.hidden = true;
    editor.removeAttribute("aria-activedescendant");
  };
  const choose = (number) => {
    chosen = (number + offers.length) % offers.length;
    [...list.children].forEach((one, n) => one.setAttribute("aria-selected", String(n === chosen)));
    editor.setAttribute("aria-activedescendant", list.children[chosen].id);
  };
  const take = (number) => {
    const offer = offers[number], end = editor.selectionEnd;
    const after = editor.value.slice(end).startsWith('"') && editor.value[from] === '"' ? end + 1 : end;
    close();
    editor.setRangeText(offer.text, from, after, "end");
    editor.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const open = (isAsked) => {
    const place = findPlace(editor.value.slice(0, editor.selectionEnd), root);
    offers = isAsked || place.isInside ? listOffers(place).slice(0, MOST) : [];
    from = place.from;
    if (!offers.length) return close();
    list.replaceChildren(...offers.map((offer, n) => {
      const item = document.createElement("li");
      item.id = `offer-${n}`;
      item.setAttribute("role", "option");
      item.append(Object.assign(document.createElement("code"), { textContent: offer.shown }), ` ${offer.hint}`);
      item.addEventListener("mousedown", (event) => {
        event.preventDefault();
        take(n);
      });
      return item;
    }));
    list.hidden = false;
    choose(0);
  };

  editor.addEventListener("input", (event) => event.isTrusted && open(false));
  editor.addEventListener("blur", close);
  editor.addEventListener("keydown", (event) => {
    if (event.key === " " && event.ctrlKey) {
      event.preventDefault();
      open(true);
    } else if (offers.length) {
      const act = {
        ArrowDown: () => choose(chosen + 1), ArrowUp: () => choose(chosen - 1),
        Enter: () => take(chosen), Tab: () => take(chosen), Escape: close,
      }[event.key];
      if (act) {
        event.preventDefault();
        act();
      }
    }
  });
}

if (editor && list) {
  const keys = JSON.parse(editor.dataset.keys);
  offerWords({ properties: Object.fromEntries(keys.map((one) => [one.key, { ...one.schema, hint: one.description }])) });
}
