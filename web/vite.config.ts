import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server that `npm run dev` talks to.
const server = process.env.MAINSPRING_URL ?? "http://127.0.0.1:7788";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "#": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2023",
    // Fonts and pictures stay files, so that `font-src 'self'` is enough.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: "manifest.json",
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/v1", "/mainspring.js", "/healthz"].map((path) => [path, { target: server, changeOrigin: true }]),
    ),
  },
});
