import js from "@eslint/js";
import reactHooks from "eslint-plugin-react-hooks";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "test-artifacts", "e2e/artifacts"] },
  js.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ...reactHooks.configs.flat["recommended-latest"],
  },
  {
    files: ["**/*.{ts,tsx}"],
    rules: { "max-lines": ["error", { max: 280 }] },
  },
  // One text a line: long, and one idea.
  { files: ["src/strings/*.ts"], rules: { "max-lines": ["error", { max: 500 }] } },
  { files: ["public/worklets/*.js"], languageOptions: { globals: globals.audioWorklet } },
  { files: ["e2e/**/*.js", "*.js"], languageOptions: { globals: globals.node } },
);
