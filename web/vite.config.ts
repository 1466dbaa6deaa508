import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const SMALLEST_GAIN = 0.9;
const MAIN = fileURLToPath(new URL("./src/main.tsx", import.meta.url));

/** Writes each file compressed beside itself, so that the server never has to. */
function compressed(): Plugin {
  let folder = "dist";
  return {
    name: "compressed",
    apply: "build",
    configResolved: (config) => {
      folder = config.build.outDir;
    },
    async closeBundle() {
      for (const name of await readdir(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const path = join(folder, name);
        const content = await readFile(path);
        const forms = {
          br: brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
          gz: gzipSync(content, { level: 9 }),
        };
        for (const [suffix, packed] of Object.entries(forms)) {
          if (packed.length < content.length * SMALLEST_GAIN) await writeFile(`${path}.${suffix}`, packed);
        }
      }
    },
  };
}

/**
 * The modules that the page needs to begin with come as one file: as many small ones they would wait for each other, over
 * the few connections that a browser opens.
 */
function beginning() {
  let found: Set<string> | undefined;
  return (id: string, graph: { getModuleInfo: (id: string) => { importedIds: readonly string[] } | null }): string | null => {
    found ??= reachable(MAIN, (each) => graph.getModuleInfo(each)?.importedIds ?? []);
    return found.has(id) ? "console" : null;
  };
}

function reachable(first: string, next: (id: string) => readonly string[]): Set<string> {
  const found = new Set([first]);
  for (const id of found) for (const each of next(id)) found.add(each);
  return found;
}

export default defineConfig(({ command }) => ({
  base: command === "build" ? "/assets/" : "/",
  plugins: [react(), tailwindcss(), compressed()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2023",
    assetsDir: ".",
    // Nothing is put into the page itself: its policy lets no text there run, and no data address load.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: beginning() }] } } },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
}));
