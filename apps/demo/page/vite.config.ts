import { defineConfig } from 'vite'
import { precompressed } from './build/precompressed.ts'

export default defineConfig({
  root: import.meta.dirname,
  // The demo serves it below `/`, and forbids what is inline.
  build: {
    outDir: '../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [precompressed()],
})
