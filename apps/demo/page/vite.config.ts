import { defineConfig } from 'vite'
import { precompressed } from './build/precompressed.ts'

export default defineConfig({
  root: import.meta.dirname,
  // The demo serves it below `/`, and forbids what is inline.
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    // Browsers that know `light-dark()`: rewritten for older ones, each colour would be three.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // Each grammar of the highlighter is a file, fetched when it is needed.
  worker: { format: 'es' },
  plugins: [precompressed()],
})
