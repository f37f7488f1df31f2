// The spam filter of notebook 01: tokens, and a Transformer encoder that reads them.

import { affine, plus } from "./tensors.js";
import { attend, normalise, part, positionalEncoding } from "./transformer.js";

const [UNKNOWN, CLS, NUMBER] = [1, 2, 3]; // places of the special tokens in every vocabulary
const LONGEST = 128; // tokens that are read, [CLS] included
const APOSTROPHES = /[\u2019\u2018\u02bc\uff07`\u00b4]/g;
// Scripts that put no spaces between words are read sign by sign.
const ALONE = "\\u0e00-\\u0e7f\\u3040-\\u30ff\\u3400-\\u9fff";
const LETTER = `(?:(?![${ALONE}])[\\p{L}\\p{Nl}\\p{No}])`;
const TOKEN = new RegExp(`[${ALONE}]|${LETTER}+(?:'[\\p{L}\\p{Nl}\\p{No}]+)?|\\p{Nd}+|[^\\p{L}\\p{N}_\\s]`, "gu");
const DIGITS = /^\p{Nd}+$/u;

/** Return the tokens of a text: words in small letters, numbers, and signs. */
export function tokensOf(text) {
  return text.toLowerCase().normalize("NFC").replace(APOSTROPHES, "'").match(TOKEN) ?? [];
}

// Letters, and pictographs.
const WORDLIKE = /[\p{Ll}\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{So}]/u;

/** Return the words that are read of a text's tokens, and which of them are not in a vocabulary. */
export function wordsOf(tokens, vocabulary) {
  const words = tokens.slice(0, LONGEST - 1).filter((token) => WORDLIKE.test(token));
  return { words, unknown: words.filter((word) => !vocabulary.has(word)) };
}

/** Say in a line or two what a filter makes of a text, `chance()`, or why it can make nothing of it. */
export function judge(text, vocabulary, threshold, chance) {
  const tokens = tokensOf(text);
  if (!tokens.length) return "Nothing to classify: type or paste the text of a mail.";
  const { words, unknown } = wordsOf(tokens, vocabulary);
  if (unknown.length === words.length) {
    return (
      "None of the words occurs in the training mails, so there is nothing to go by. " +
      "Use the language of the training mails."
    );
  }
  const value = chance();
  const notes = [`${value > threshold ? "spam" : "not spam"}: p(spam) = ${value.toFixed(3)}, threshold ${threshold.toFixed(3)}.`];
  if (tokens.length > LONGEST - 1) notes.push(`The text is long: only its first ${LONGEST - 1} tokens were read.`);
  if (2 * unknown.length > words.length) {
    notes.push(`Take it with care: ${unknown.length} of ${words.length} words are not in the training mails.`);
  }
  return notes.join(" ");
}

/** Return the places of a text's tokens in a vocabulary, [CLS] first. */
export function placesOf(tokens, words) {
  const place = new Map(words.map((word, i) => [word, i]));
  const read = tokens.slice(0, LONGEST - 1);
  return [CLS, ...read.map((token) => (DIGITS.test(token) ? NUMBER : (place.get(token) ?? UNKNOWN)))];
}

/** Return the probability of spam, for the tensors of a trained filter and a text's places. */
export function chanceOfSpam(p, places, { heads, layers }) {
  let rows = places.map((token, place) => {
    const embedded = p["embed.weight"][token];
    return plus(embedded, positionalEncoding(place, embedded.length));
  });
  for (let layer = 0; layer < layers; layer++) rows = encoderLayer(rows, part(p, `layers.${layer}`), heads);
  const ofCls = normalise(rows[0], p["logit.0.weight"], p["logit.0.bias"]);
  const [logit] = affine(ofCls, p["logit.1.weight"], p["logit.1.bias"]);
  return 1 / (1 + Math.exp(-logit));
}

/** An encoder layer that normalises before each part (Xiong et al. 2020). */
function encoderLayer(rows, p, heads) {
  const before = rows.map((row) => normalise(row, p["norm1.weight"], p["norm1.bias"]));
  const { output } = attend(before, before, part(p, "self_attn"), { heads });
  const attended = rows.map((row, i) => plus(row, output[i]));
  return attended.map((row) => {
    const hidden = affine(normalise(row, p["norm2.weight"], p["norm2.bias"]), p["linear1.weight"], p["linear1.bias"]);
    const fed = affine(hidden.map((value) => Math.max(0, value)), p["linear2.weight"], p["linear2.bias"]);
    return plus(row, fed);
  });
}
