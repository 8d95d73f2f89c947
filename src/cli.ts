#!/usr/bin/env node
// First: a Node.js that can read TypeScript may still be too old.
import './node-version.js'
import { enableCompileCache } from 'node:module'
import path from 'node:path'

// As scripts/prepare does, for a start without it; child processes inherit it. If the folder is not writable, nothing
// is cached. What is imported before this is compiled each time.
process.env.NODE_COMPILE_CACHE ??= path.resolve(import.meta.dirname, '../node_modules/.cache/compile')
enableCompileCache(process.env.NODE_COMPILE_CACHE)
const { runCommand } = await import('./commands/main.ts')

process.exitCode = await runCommand(process.argv.slice(2))
// Parts that still keep the event loop alive have been asked to stop.
process.exit()
