// Makes elements of the document. Text is always text, never markup: labels are the user's.

function element(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function drawn(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

function content(section) {
  return byId(section).querySelector(".content");
}

// Makes a labelled choice; `options` are [value, text] pairs.
function choice(label, options, value, change, attributes) {
  const select = element(
    "select",
    { ...attributes, change: () => change(select.value) },
    options.map(([key, text]) => element("option", { value: key }, text)),
  );
  select.value = value;
  return element("label", { class: "field" }, element("span", {}, label), select);
}

function checkbox(label, checked, change, attributes) {
  const box = element("input", { ...attributes, type: "checkbox", checked, change: () => change(box.checked) });
  return element("label", { class: "check" }, box, element("span", {}, label));
}

// Makes a choice of one of a few, all of them visible; `options` are [value, text] pairs.
function segments(label, name, options, value, change) {
  return element(
    "fieldset",
    { class: "segments" },
    element("legend", {}, label),
    options.map(([key, text]) =>
      element(
        "label",
        {},
        element("input", { type: "radio", name, value: key, checked: key === value, change: () => change(key) }),
        element("span", {}, text),
      ),
    ),
  );
}

function say(text) {
  byId("status").textContent = text;
}
