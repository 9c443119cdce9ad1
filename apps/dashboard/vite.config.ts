import { defineConfig } from 'vite';

const api = process.env['KFAC_API'] ?? 'http://127.0.0.1:3000';

export default defineConfig(({ command }) => ({
  // Of itself it would write the file and line of every element into the bundle.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: command === 'serve' } },
  build: {
    target: 'es2022',
    // The content security policy admits no data: URLs and no inline script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: 'charts', test: /node_modules[\\/](chart\.js|@kurkle)/ }] } },
    },
  },
  server: { proxy: { '/v1': api, '/docs': api, '/openapi.json': api } },
}));
