// For NODE_OPTIONS=--import: writes the address of each module that a process loads to a file, one for each process.
import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import path from 'node:path'
import { isMainThread } from 'node:worker_threads'

const command = path.basename(process.argv[1] ?? '').replace(/\..*$/, '')
const role = command === 'cli' ? process.argv[2] : command
const file = path.join(process.env.LOADED_IN, `${role}-${process.pid}`)

if (isMainThread) {
  registerHooks({
    load(url, context, next) {
      appendFileSync(file, `${url}\n`)
      return next(url, context)
    }
  })
}
