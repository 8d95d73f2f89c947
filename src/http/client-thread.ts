import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import path from 'node:path'
import { parentPort } from 'node:worker_threads'

const folder = path.resolve(import.meta.dirname, '../client')
// Each after those that it needs when it is read.
const parts = ['errors', 'pause', 'request', 'watch', 'upload', 'client']

/** The client's modules one after the other: no name occurs twice in them, and they import nothing but each other. */
const sources = await Promise.all(parts.map(part => readFile(path.join(folder, `${part}.ts`), 'utf8')))
// Node warns of the function that it runs all of this with; whoever starts a server has nothing to learn from that.
process.emitWarning = () => {}
const modules = sources
  .map(source => stripTypeScriptTypes(source))
  .map(source => source.replaceAll(/^(?:import|export) \{[^}]*\} from '\.\/[^']+'$/gm, ''))
  .map(source => source.replaceAll(/^export (?=async|class|function)/gm, ''))
  .map(source => source.replaceAll(/[ \t]+$/gm, '').replaceAll(/\n{3,}/g, '\n\n'))

parentPort!.postMessage(`${modules.join('\n')}\nexport { connect, DarkroomError, TaskFailed }\n`)
