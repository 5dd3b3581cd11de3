import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const server = process.env.NEURONSCOPE_SERVER ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react()],
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/api": {
        target: server,
        changeOrigin: true,
        // The server refuses other origins; what comes through here is its own page.
        configure: (proxy) => {
          proxy.on("proxyReq", (request) => {
            if (request.hasHeader("origin")) request.setHeader("origin", server);
          });
        },
      },
    },
  },
  build: {
    outDir: "../neuronscope/web",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    reportCompressedSize: false,
  },
  css: { modules: { generateScopedName: "[name]_[local]" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    // The contrast of its colours is computed; other styles are left out.
    css: { include: [/tokens\.css/] },
  },
});
