import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// The program serves GET / and GET /assets/NAME, one level only: every file lies at the root of dist,
// and a name with a hash of its content may be kept for ever (docs/PAGE.md).
export default defineConfig({
  base: '/assets/',
  plugins: [react()],
  build: {
    outDir: '../build/web/dist',
    emptyOutDir: true,
    assetsDir: '',
    target: 'es2021',
    assetsInlineLimit: 0, // data: addresses in styles would need a wider policy
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      output: {
        entryFileNames: '[name]-[hash].js',
        chunkFileNames: '[name]-[hash].js',
        assetFileNames: '[name]-[hash][extname]',
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/ws': { target: 'ws://127.0.0.1:8080', ws: true } } },
  test: { environment: 'jsdom', include: ['tests/**/*.test.{ts,tsx}'], setupFiles: ['tests/setup.ts'] },
});
