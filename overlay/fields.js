/**
 * A theme's own settings: declared in its `fields.json`, given in the query as `f.NAME=value`, checked here. The
 * prefix keeps them apart from the overlay's settings, whatever either may be called one day.
 *
 * @typedef {object} Field
 * @property {string} name
 * @property {"choice"|"number"|"colour"|"switch"|"text"} type
 * @property {string|number|boolean} default
 * @property {number} [min] Of a number.
 * @property {number} [max] Of a number; the most characters of a text.
 * @property {{value: string, label: Record<string, string>}[]|string[]} [choices]
 * @property {Record<string, string>} label By language.
 */

import { readNumber } from "./settings.js";

const LONGEST_TEXT = 80;
/** A map, since an object would know words like "constructor" as well. */
const SWITCHES = new Map([["1", true], ["on", true], ["true", true], ["0", false], ["off", false], ["false", false]]);

/**
 * Every field's value; what is missing or makes no sense in the query is the field's default.
 *
 * @param {Field[]} fields
 * @param {string} search
 * @returns {Record<string, string|number|boolean>}
 */
export function readFields(fields, search) {
  const query = new URLSearchParams(search);
  return Object.freeze(Object.fromEntries(fields.map((field) => [field.name, read(field, query.get(`f.${field.name}`))])));
}

/**
 * The fields that a style sheet can use, as CSS variables: `--f-NAME` for numbers and colours.
 *
 * @param {Field[]} fields
 * @param {Record<string, string|number|boolean>} values
 * @returns {[string, string][]}
 */
export function variablesOf(fields, values) {
  const kinds = ["number", "colour"];
  return fields.filter(({ type }) => kinds.includes(type)).map(({ name }) => [`--f-${name}`, String(values[name])]);
}

/**
 * @param {Field} field
 * @param {string|null} text
 */
function read(field, text) {
  if (text === null) return field.default;
  switch (field.type) {
    case "number":
      return readNumber(text, field.default, field.min ?? -Infinity, field.max ?? Infinity);
    case "colour":
      return /^#?[0-9a-f]{6}$/i.test(text) ? `#${text.replace("#", "").toLowerCase()}` : field.default;
    case "switch":
      return SWITCHES.get(text.toLowerCase()) ?? field.default;
    case "choice":
      return (field.choices ?? []).map((choice) => choice.value ?? choice).find((value) => value === text) ?? field.default;
    case "text":
      return [...text].slice(0, Math.min(field.max ?? LONGEST_TEXT, LONGEST_TEXT)).join("");
    default:
      return field.default;
  }
}
