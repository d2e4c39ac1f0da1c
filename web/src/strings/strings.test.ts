import { expect, test } from "vitest";

import { dictionaries, LANGUAGES, locale, pickLanguage, setLanguage, t, tn } from ".";
import type { Dictionary, StringKey } from ".";

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
const others = Object.entries(dictionaries).filter(([language]) => language !== "en");

test.each(others)("%s has every key, none empty, none beside, with the same names", (_, other) => {
  const { en } = dictionaries;
  expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort());
  for (const key of Object.keys(en) as StringKey[]) {
    expect(other[key].trim(), key).not.toBe("");
    expect(names(other[key]), key).toEqual(names(en[key]));
  }
});

test.each(others)("%s is a translation", (_, other) => {
  const keys = Object.keys(other) as (keyof Dictionary)[];
  const same = keys.filter(
    (key) => other[key] === dictionaries.en[key] && /\p{L}{3}/u.test(t(key)),
  );
  // Names, and examples in a language that watches can be written in.
  const allowed = /^(app\.name|watches\.example|player\.at|ask\.timing|evidence\.chip)/;
  expect(same.filter((key) => !allowed.test(key))).toEqual([]);
});

test("the first wanted language that there is", () => {
  expect(pickLanguage(["fr-FR", "zh-TW", "en"])).toBe("zh");
  expect(pickLanguage(["ko"])).toBe("ko");
  expect(pickLanguage(["de", "fr"])).toBe("en");
  expect(pickLanguage(["toString"])).toBe("en");
});

test("texts are in the chosen language", () => {
  for (const language of Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]) {
    setLanguage(language);
    expect(locale).toBe(language);
    expect(t("player.play")).toBe(dictionaries[language]["player.play"]);
    expect(tn("list.moments", 1200)).toContain("1,200");
  }
  setLanguage("en");
  expect(tn("list.moments", 1)).toBe("1 moment");
});
