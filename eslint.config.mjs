import js from '@eslint/js';
import checkFile from 'eslint-plugin-check-file';
import { importX } from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

/** Loaded on first use only: each costs tens of milliseconds or more at activation. */
const HEAVY_PACKAGES = [
  { group: ['@aws-sdk/*', '@smithy/*'], message: 'Load the AWS SDK with `await import()` where it is used.' },
  { group: ['ssh2'], message: 'Load ssh2 with `await import()` where it is used.' },
  { group: ['uplot'], message: 'uPlot belongs to the webview, loaded with `await import()`.' },
  { group: ['toml-eslint-parser'], message: 'Load the TOML parser with `await import()`.' },
];

const HEAVY = HEAVY_PACKAGES.map((entry) => ({ ...entry, allowTypeImports: true }));

export default tseslint.config(
  { ignores: ['dist/**', 'out/**', 'node_modules/**', '.cache/**', 'test-results/**', 'src/remote/agent/**/*.json'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  jsdoc.configs['flat/recommended-typescript-error'],
  {
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './webview-ui/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { 'check-file': checkFile, 'import-x': importX },
    rules: {
      'check-file/filename-naming-convention': [
        'error',
        { '**/*.{ts,mts,mjs}': 'KEBAB_CASE' },
        { ignoreMiddleExtensions: true },
      ],
      'check-file/folder-naming-convention': ['error', { '{src,test,scripts,webview-ui}/**/': 'KEBAB_CASE' }],
      'import-x/order': [
        'error',
        { alphabetize: { order: 'asc', caseInsensitive: true }, groups: ['builtin', 'external', 'parent', 'sibling'] },
      ],
      'import-x/no-default-export': 'error',
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            ...HEAVY,
            {
              group: ['vscode'],
              message: 'Only src/ui and src/extension.ts load vscode at run time.',
              allowTypeImports: true,
            },
          ],
        },
      ],
      '@typescript-eslint/explicit-member-accessibility': ['error', { accessibility: 'no-public' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/prefer-nullish-coalescing': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: false },
          contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'],
        },
      ],
      'jsdoc/tag-lines': ['error', 'any', { startLines: 1 }],
      'jsdoc/require-returns': ['error', { checkGetters: false }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', { max: 320, skipBlankLines: false }],
    },
  },
  {
    files: ['src/ui/**', 'src/extension.ts', 'test/host/**'],
    rules: {
      '@typescript-eslint/no-restricted-imports': ['error', { patterns: HEAVY }],
    },
  },
  {
    files: ['test/**', 'scripts/**', '*.mjs', 'webview-ui/**'],
    rules: {
      'jsdoc/require-jsdoc': 'off',
      'jsdoc/require-returns': 'off',
      'jsdoc/require-yields': 'off',
      'jsdoc/require-param': 'off',
    },
  },
  {
    files: ['test/**'],
    rules: {
      // mocha returns promises and hooks by design; assertions narrow by throwing.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['*.mjs'],
    ...tseslint.configs.disableTypeChecked,
  },
  {
    files: ['eslint.config.mjs'],
    rules: { 'import-x/no-default-export': 'off' },
  },
);
