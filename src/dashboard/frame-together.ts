import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Plugin } from 'esbuild'

/**
 * Every page imports the frame, which is there when it comes: so all that the frame needs is in one file. By itself
 * esbuild makes a file for each set of pages that share something, 16 to begin with.
 */
export function frameTogether(main: string): Plugin {
  return {
    name: 'frame in one file',
    setup({ onResolve, onLoad }) {
      const pages = new Set<string>()
      onResolve({ filter: /^\.\.\/pages\// }, ({ kind, path: name, resolveDir }) => {
        if (kind !== 'dynamic-import') return
        const file = path.resolve(resolveDir, name)
        pages.add(file)
        return { path: file }
      })
      onLoad({ filter: /\.tsx$/ }, async ({ path: file }) => {
        if (!pages.has(file)) return
        return { contents: `${await readFile(file, 'utf8')}\nimport ${JSON.stringify(main)}`, loader: 'tsx' }
      })
    }
  }
}
