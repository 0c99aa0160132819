/** The few ways in which these pages touch the document. Words only ever go in as text, never as markup. */

/**
 * @param {string} tag
 * @param {string} className
 * @param {...(Node|string)} children
 */
export function element(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** Sets the text unless it is there already: a write of the same text still costs a layout. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
