import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Loads every module once, so that the compile cache has it: a process that takes the types out of a module itself keeps
 * 15 MiB for that, and a server has four processes. Run when the sources have changed (scripts/prepare, Dockerfile).
 */
const started = new Set(['cli.ts', path.basename(import.meta.filename)])

for (const file of await readdir(import.meta.dirname, { recursive: true })) {
  if (!file.endsWith('.ts') || started.has(file)) continue
  // The program of a thread does not get far here; compiled it is all the same.
  await import(pathToFileURL(path.join(import.meta.dirname, file)).href).catch(() => {})
}
// What some of them listen to would keep us.
process.exit()
