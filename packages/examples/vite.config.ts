import { defineConfig } from 'vite';

// `npm run dev` serves the page alone and passes /rooms on to a running `symphony serve`.
export default defineConfig({
  base: './',
  build: { target: 'es2022', chunkSizeWarningLimit: 600 },
  server: {
    host: '127.0.0.1',
    proxy: { '/rooms': { target: process.env['SYMPHONY_URL'] ?? 'http://127.0.0.1:8080', ws: true } },
  },
});
