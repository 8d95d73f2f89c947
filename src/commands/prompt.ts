import { createInterface } from 'node:readline'
import pg from 'pg'

interface Asked {
  args: string[]
  signal: AbortSignal
}

/** A minimal psql for machines without one: `-c SQL`, or statements from stdin, each up to a `;` at a line's end. */
export async function prompt(url: string, { args, signal }: Asked): Promise<number> {
  const [option, text, ...more] = args
  if (args.length > 0 && (option !== '-c' || text === undefined || more.length > 0)) {
    throw new Error('Without psql only "-c SQL" is known: install it (apt-get install postgresql-client) for the rest')
  }
  const client = new pg.Client({ connectionString: url, application_name: 'darkroom psql' })
  client.on('error', () => {})
  await client.connect()
  try {
    if (text !== undefined) return await show(client, text)
    let code = 0
    for await (const statement of statements(signal)) code = Math.max(code, await show(client, statement))
    return process.stdin.isTTY ? 0 : code
  } finally {
    await client.end()
  }
}

async function* statements(signal: AbortSignal) {
  const terminal = Boolean(process.stdin.isTTY)
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal, signal })
  let statement = ''
  const ask = () => {
    lines.setPrompt(statement === '' ? 'darkroom=> ' : 'darkroom-> ')
    if (terminal) lines.prompt()
  }
  ask()
  for await (const line of lines) {
    if (/^\s*(\\q|quit|exit)\s*$/.test(line)) return
    statement += `${line}\n`
    if (/;\s*$/.test(line)) {
      yield statement
      statement = ''
    }
    ask()
  }
  if (statement.trim() !== '') yield statement
}

async function show(client: pg.Client, text: string) {
  try {
    const result = await client.query<unknown[]>({ text, rowMode: 'array', types: { getTypeParser: () => String } })
    for (const each of [result].flat()) console.log(each.fields.length > 0 ? table(each) : each.command)
    return 0
  } catch (error) {
    console.error(`ERROR: ${(error as Error).message}`)
    return 1
  }
}

function table({ fields, rows }: pg.QueryArrayResult<unknown[]>) {
  const lines = [fields.map(({ name }) => name), ...rows.map(row => row.map(value => String(value ?? '')))]
  const widths = fields.map((_, at) => Math.max(...lines.map(line => line[at]!.length)))
  const [head, ...body] = lines.map(line =>
    line
      .map((cell, at) => ` ${cell.padEnd(widths[at]!)} `)
      .join('|')
      .trimEnd()
  )
  const rule = widths.map(width => '-'.repeat(width + 2)).join('+')
  return [head, rule, ...body, `(${rows.length} row${rows.length === 1 ? '' : 's'})`].join('\n')
}
