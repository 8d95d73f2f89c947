import { spawnSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundlePackages, takePackages } from './bundle/packages.ts'
import { readConfig } from './config.ts'

// These run when they are loaded.
const programs = new Set(['cli.ts', path.basename(import.meta.filename)])
// What browsers run of it is bundled (src/dashboard/build.ts); what the API runs is loaded with its routes.
const browsers = 'dashboard/'
const longest = 20

/**
 * Loads every module once, so that the compile cache has it: a process that strips the types of a module itself keeps
 * 15 MiB for that, and a server has four processes. Runs when the sources have changed (scripts/prepare, Dockerfile).
 */
async function compileOurs() {
  for (const file of await readdir(import.meta.dirname, { recursive: true })) {
    if (!file.endsWith('.ts') || programs.has(file) || file.startsWith(browsers)) continue
    // The program of a thread or child fails here, after it was compiled.
    await import(pathToFileURL(path.join(import.meta.dirname, file)).href).catch(() => {})
  }
}

// Before the first module that imports one of them.
await bundlePackages().catch(() => {})
takePackages()

// In a process of its own: a module of TASKS_DIR may compute for ever.
if (process.argv[2] === 'tasks') {
  const { TASKS_DIR } = readConfig()
  const { loadFolder } = await import('#catalogue/folder.ts')
  if (TASKS_DIR !== undefined) await loadFolder(TASKS_DIR).catch(() => {})
} else {
  // The command that is about to start says what is wrong.
  await compileOurs().catch(() => {})
  if (process.env.TASKS_DIR) {
    const args = [...process.execArgv, import.meta.filename, 'tasks']
    spawnSync(process.execPath, args, { stdio: 'ignore', timeout: longest * 1000, killSignal: 'SIGKILL' })
  }
}
// Some modules hold the event loop open.
process.exit()
