/** Every text of the page, in the language of the browser or the one chosen in the menu. */

import { useSyncExternalStore } from "react";

import { en } from "./en";
import { ko } from "./ko";
import { zh } from "./zh";

export type StringKey = keyof typeof en;
/** What a language has to say: every key, no other. */
export type Dictionary = Record<StringKey, string>;

export const LANGUAGES = { en: "English", zh: "中文", ko: "한국어" } as const;
export type Language = keyof typeof LANGUAGES;
export const dictionaries: Record<Language, Dictionary> = { en, zh, ko };

const KEY = "omnilive.language";
const listeners = new Set<() => void>();

function isLanguage(name: string | null | undefined): name is Language {
  return name !== null && name !== undefined && Object.hasOwn(LANGUAGES, name);
}

/** The first wanted language that there is; English where there is none. */
export function pickLanguage(wanted: readonly string[]): Language {
  return wanted.map((tag) => tag.toLowerCase().split("-")[0]).find(isLanguage) ?? "en";
}

function initial(): Language {
  try {
    const kept = localStorage.getItem(KEY);
    if (isLanguage(kept)) return kept;
    return pickLanguage(navigator.languages);
  } catch {
    return "en"; // storage is blocked, or there is no browser
  }
}

/** The language in use; numbers and dates are written in it too. */
export let locale: Language = initial();
let plural = new Intl.PluralRules(locale);

export function setLanguage(language: Language): void {
  locale = language;
  plural = new Intl.PluralRules(language);
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // The choice then lasts until the page is closed.
  }
  for (const listener of listeners) listener();
}

/** The language in use; what calls this is drawn again when another is chosen. */
export function useLanguage(): Language {
  return useSyncExternalStore(
    (onChange) => {
      listeners.add(onChange);
      return () => listeners.delete(onChange);
    },
    () => locale,
  );
}

type PluralKey = StringKey extends infer K
  ? K extends `${infer Base}.other`
    ? Base
    : never
  : never;
type Values = Record<string, string | number>;

function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The text of a key; `{name}` in it is filled in. */
export function t(key: StringKey, values: Values = {}): string {
  return fill(dictionaries[locale][key], values);
}

/** The singular or plural form for `count`. */
export function tn(key: PluralKey, count: number): string {
  const form = plural.select(count) === "one" ? "one" : "other";
  return fill(dictionaries[locale][`${key}.${form}`], { count: count.toLocaleString(locale) });
}
