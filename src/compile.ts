import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadFolder } from './catalogue.ts'
import { readConfig } from './config.ts'

// These run when they are loaded.
const programs = new Set(['cli.ts', path.basename(import.meta.filename)])
// Seconds. What takes longer waits for something, and whoever starts does not wait for that.
const longest = 20

/**
 * Loads every module once, so that the compile cache has it: a process that takes the types out of a module itself keeps
 * 15 MiB for that, and a server has four processes. Run when the sources have changed (scripts/prepare, Dockerfile).
 */
async function compileAll() {
  for (const file of await readdir(import.meta.dirname, { recursive: true })) {
    if (!file.endsWith('.ts') || programs.has(file)) continue
    // The program of a thread does not get far here; compiled it is all the same.
    await import(pathToFileURL(path.join(import.meta.dirname, file)).href).catch(() => {})
  }
  const { TASKS_DIR } = readConfig()
  const signal = AbortSignal.timeout(longest * 1000)
  if (TASKS_DIR !== undefined) await loadFolder(TASKS_DIR, { seconds: longest, signal })
}

// Whatever is wrong is said by the command that was to be started.
await compileAll().catch(() => {})
// What some of them listen to would keep us.
process.exit()
