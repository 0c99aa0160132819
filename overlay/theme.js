/**
 * How a theme gets onto the page: its style sheet, its settings, its module. See `themes/README.md` for the contract.
 *
 * @typedef {object} Context What a theme may know before the first mood.
 * @property {Readonly<Record<string, string|number|boolean>>} fields The values of its `fields.json`.
 * @property {import("./words.js").Words} words
 * @property {readonly import("./mood.js").Emotion[]} show What may be on the screen.
 * @property {readonly import("./mood.js").Emotion[]} soft What is softened; words and colours are so already.
 * @property {boolean} apart Whether faces and chat are asked for apart: `view.parts` tells them, where both are enough.
 * @property {string} lang
 * @property {"full"|"reduced"} motion
 * @property {(name: string) => SVGSVGElement} draw A face of one of the seven, or a sign.
 *
 * @typedef {(stage: HTMLElement, context: Context) => {update: (view: import("./view.js").View) => void, dispose: () => void}} Load
 */

import { readFields, variablesOf } from "./fields.js";

/**
 * Fetches a theme and puts it on the stage. Rejects where anything of it is missing or throws; then nothing of it is left.
 *
 * @param {string} name
 * @param {HTMLElement} stage
 * @param {Omit<Context, "fields">} context
 * @param {string} search The page's query, which may set its fields.
 */
export async function openTheme(name, stage, context, search) {
  const folder = new URL(`themes/${name}/`, import.meta.url);
  const sheet = linkSheet(new URL("theme.css", folder).href);
  const root = document.documentElement;
  let variables = [];
  const leave = () => {
    stage.replaceChildren();
    sheet.element.remove();
    for (const [variable] of variables) root.style.removeProperty(variable);
    delete root.dataset.design;
  };
  try {
    const [fields, module] = await Promise.all([fieldsOf(new URL("fields.json", folder)), import(`${folder}theme.js`), sheet.loaded]);
    const values = readFields(fields, search);
    variables = variablesOf(fields, values);
    for (const [variable, value] of variables) root.style.setProperty(variable, value);
    root.dataset.design = name;
    const { update, dispose } = module.load(stage, Object.freeze({ ...context, fields: values }));
    return {
      update,
      dispose() {
        try {
          dispose();
        } finally {
          leave();
        }
      },
    };
  } catch (error) {
    leave();
    throw error;
  }
}

/** Before everything that comes later, so that OBS's Custom CSS has the last word. @param {string} href */
function linkSheet(href) {
  const element = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  const loaded = new Promise((resolve, reject) => {
    element.onload = resolve;
    element.onerror = () => reject(new Error(`no theme.css at ${href}`));
  });
  // Who fails first has told it already.
  loaded.catch(() => {});
  document.querySelector('link[href="overlay.css"]').after(element);
  return { element, loaded };
}

/** @param {URL} url */
async function fieldsOf(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`no fields.json at ${url}`);
  const { fields } = await answer.json();
  if (!Array.isArray(fields)) throw new Error(`no list of fields in ${url}`);
  return fields;
}
