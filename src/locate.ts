import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Place {
  file: string
  line: number
  column: number
}

/** Where a module failed: a syntax error's place, else the first stack frame that is neither Node's, a package's nor ours. */
export function locate(error: unknown, file: string): Place | undefined {
  const stack = stackOf(error)
  return marked(stack) ?? frameIn(stack) ?? (stack.startsWith('SyntaxError') ? marked(check(file)) : undefined)
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
    if (path.includes('/node_modules/') || path.startsWith(import.meta.dirname)) continue
    return { file: path, line: Number(line), column: Number(column) }
  }
  return undefined
}

/** The stack of a syntax error in an ES module of JavaScript lacks the place; `node --check` prints it. */
function check(file: string) {
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5_000 })
  return stderr ?? ''
}

function pathOf(file: string) {
  return file.startsWith('file://') ? fileURLToPath(file) : file
}
