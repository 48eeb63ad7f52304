// Building the page's elements. Text only ever enters the page as text: nothing here, and nothing
// that uses it, turns a string into markup.

const SVG = "http://www.w3.org/2000/svg";

/** The page's element with the id `tt-<name>`. */
export const byId = (name) => document.getElementById(`tt-${name}`);

/**
 * A new element. `props` are its properties (`className`, `title`, `textContent`, …); those
 * named `aria-…`, `data-…` or `role` are set as attributes, and those named `on…` are listeners.
 * Children that are `null` are left out.
 */
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (/^(aria-|data-|role$)/.test(name)) element.setAttribute(name, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A new element of a drawing, with these attributes. */
export function svg(tag, attributes = {}) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** One of the page's icons. Screen readers ignore it. */
export function icon(name) {
  const element = svg("svg", { class: "tt-icon", "aria-hidden": "true" });
  element.append(svg("use", { href: `#tt-icon-${name}` }));
  return element;
}

/** Makes an icon show `icon(name)`, without touching it if it does already. */
export function setIcon(element, name) {
  const use = element.firstElementChild;
  if (use.getAttribute("href") !== `#tt-icon-${name}`) use.setAttribute("href", `#tt-icon-${name}`);
}

/** A button with an icon and, where there is one, a word. */
export function button({ sign, text, className = "tt-button", ...props }) {
  return el(
    "button",
    { type: "button", className, ...props },
    icon(sign),
    text ? el("span", { textContent: text }) : null,
  );
}

/** A click listener that runs once for a double click. */
export const once = (act) => (event) => {
  if (event.detail < 2) act(event);
};

/** The topmost open dialog, if any. Nothing behind it can be reached. */
export const frontDialog = () => [...document.querySelectorAll("dialog[open]")].at(-1);

/** Sets a text without touching it if it is there already, so that a selection survives. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a property without touching it if it has that value already. */
export function setProp(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

/** Sets an attribute without touching it if it has that value already. */
export function setAttr(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Sets a style property. Unlike an attribute, a strict Content-Security-Policy allows it. */
export function setStyle(element, name, value) {
  if (element.style.getPropertyValue(name) !== String(value)) element.style.setProperty(name, value);
}

/**
 * Makes `parent` hold exactly `children`, in that order. Children that are in place already are not
 * moved, so that they keep focus and scroll position.
 */
export function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/** Copies `text` to the clipboard, even if the page is not served over HTTPS. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    // The clipboard API is missing or refused: the old way needs no permission.
  }
  const area = el("textarea", { value: text, className: "tt-hidden", readOnly: true });
  const focused = document.activeElement;
  (frontDialog() ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  focused?.focus();
}
