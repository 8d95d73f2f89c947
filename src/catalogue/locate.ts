import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const source = path.resolve(import.meta.dirname, '..')

interface Place {
  file: string
  line: number
  column: number
}

/** Where a module failed: a syntax error's place, else the first stack frame that is neither Node's, a package's nor ours. */
export function locate(error: unknown, file: string): Place | undefined {
  const stack = stackOf(error)
  return (
    marked(stack) ??
    frameIn(stack) ??
    missingImport(stack) ??
    (stack.startsWith('SyntaxError') ? marked(check(file)) : undefined)
  )
}

/** The thrown value may be anything, even a Proxy that throws. */
function stackOf(error: unknown) {
  try {
    return error instanceof Error ? String(error.stack) : ''
  } catch {
    return ''
  }
}

/** Node.js begins the stack of most syntax errors with `file:line`, the source, and a line of `^`. */
function marked(stack: string): Place | undefined {
  const [, file, line] = /^((?:file:\/\/|\/|[A-Z]:\\).*):(\d+)\n/.exec(stack) ?? []
  const mark = /^ *\^+$/m.exec(stack)?.[0]
  return file && mark ? { file: pathOf(file), line: Number(line), column: mark.indexOf('^') + 1 } : undefined
}

function frameIn(stack: string): Place | undefined {
  for (const [, file, line, column] of stack.matchAll(
    /^ +at (?:.*\()?((?:file:\/\/|\/|[A-Z]:\\).*):(\d+):(\d+)\)?$/gm
  )) {
    const path = pathOf(file!)
    if (path.includes('/node_modules/') || path.startsWith(source)) continue
    return { file: path, line: Number(line), column: Number(column) }
  }
  return undefined
}

/** Node.js names the file of an import that it cannot resolve, and no line: the first that has the last part of the name. */
function missingImport(stack: string): Place | undefined {
  const [, missing, from] = /Cannot find (?:module|package) '([^']+)' imported from (.+)$/m.exec(stack) ?? []
  if (!missing || !from) return undefined
  const file = pathOf(from)
  const name = path.basename(missing)
  const lines = readFileSync(file, 'utf8').split('\n')
  const line = lines.findIndex(text => /\b(?:import|from|export)\b/.test(text) && text.includes(name))
  return line < 0 ? undefined : { file, line: line + 1, column: lines[line]!.indexOf(name) + 1 }
}

/** The stack of a syntax error in an ES module of JavaScript lacks the place; `node --check` prints it. */
function check(file: string) {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5_000 })
  return stderr ?? ''
}

function pathOf(file: string) {
  return file.startsWith('file://') ? fileURLToPath(file) : file
}
