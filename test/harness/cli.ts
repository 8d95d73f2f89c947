import { execFile, spawn, spawnSync } from 'node:child_process'
import path from 'node:path'

const cli = path.resolve(import.meta.dirname, '../../src/cli.ts')
const { PATH, NODE_COMPILE_CACHE } = process.env

export interface Said {
  code: number
  out: string
  err: string
}

export type Darkroom = ReturnType<typeof darkroomAt>

/** The command line as an operator types it, with a home of its own and nothing else in its environment. */
export function darkroomAt(home: string, env: Record<string, string> = {}) {
  const environment = { PATH, NODE_COMPILE_CACHE, HOME: home, DATA_DIR: path.join(home, 'data'), ...env }

  /** Runs a command to its end. */
  async function darkroom(args: string[], { input = '', ...more }: Record<string, string> = {}): Promise<Said> {
    return new Promise(resolve => {
      const options = { env: { ...environment, ...more }, timeout: 120_000, maxBuffer: 64 * 1024 * 1024 }
      const child = execFile(process.execPath, [cli, ...args], options, (error, out, err) =>
        resolve({ code: error ? Number(error.code ?? -1) : 0, out, err })
      )
      child.stdin!.on('error', () => {})
      child.stdin!.end(input)
    })
  }

  /** What a command with `--json` answers. */
  darkroom.json = async (...args: string[]) => {
    const { out, err } = await darkroom([...args, '--json'])
    try {
      return JSON.parse(out)
    } catch {
      throw new Error(`No JSON: ${out.slice(0, 500)}${err}`)
    }
  }

  darkroom.start = (args: string[]) => spawn(process.execPath, [cli, ...args], { env: environment })

  /** In a terminal of so many columns; `type` is called with all that it has shown so far, and answers keys to press, once. */
  darkroom.inTerminal = async (
    columns: number,
    args: string[],
    type: (shown: string) => string | undefined = () => undefined
  ) => {
    const line = [process.execPath, cli, ...args].map(word => `'${word}'`).join(' ')
    const terminal = spawn('script', ['-qefc', `stty cols ${columns}; exec ${line}`, '/dev/null'], {
      env: { ...environment, TERM: 'xterm' }
    })
    let shown = ''
    let isTyped = false
    terminal.stdin.on('error', () => {})
    for await (const chunk of terminal.stdout.setEncoding('utf8')) {
      shown += chunk
      const keys = type(shown)
      if (keys !== undefined && !isTyped) terminal.stdin.write(keys)
      isTyped ||= keys !== undefined
    }
    return { code: terminal.exitCode ?? (await new Promise<number>(resolve => terminal.once('exit', resolve))), shown }
  }
  return darkroom
}

/** `script` of util-linux makes a terminal for a program. */
export const skipWithoutTerminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util-linux'
)
  ? false
  : 'there is no script of util-linux'
