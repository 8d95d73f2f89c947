import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'

const program = path.resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc')

/** Runs tsc; throws its errors. A test runner sets NODE_OPTIONS for every child, and tsc does not start with them. */
export async function tsc(args: string[], cwd: string) {
  try {
    await promisify(execFile)('env', ['-u', 'NODE_OPTIONS', process.execPath, program, ...args], { cwd })
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout: string; stderr: string }
    throw new Error(`tsc: ${stdout || stderr}`, { cause })
  }
}
