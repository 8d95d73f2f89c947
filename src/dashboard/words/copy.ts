/** In single quotes for a shell, whatever the text holds. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** A request as one types it. */
export function curlText(origin: string, method: string, path: string, body?: unknown): string {
  const parts = ['curl', '-s']
  if (method !== 'GET') parts.push('-X', method)
  parts.push(quoted(`${origin}${path}`))
  if (body !== undefined) parts.push('-H', quoted('content-type: application/json'), '-d', quoted(JSON.stringify(body)))
  return parts.join(' ')
}

/** A literal of SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** SQL as a command of our own, which knows the database. */
export function cliText(sql: string): string {
  return `scripts/darkroom psql -c ${quoted(sql)}`
}

// Options that are not named as the fields of the API.
const options: Record<string, string> = { task: 'kind', q: 'search', schedule_id: 'schedule', video_id: 'video' }

/** A command of ours, with the query of a request as its options. */
export function commandText(words: string, query: Record<string, string> = {}): string {
  const given = Object.entries(query).map(([field, value]) => {
    const option = options[field] ?? field.replaceAll('_', '-')
    return /^\w[\w.,:@/+-]*$/.test(value) ? `--${option} ${value}` : `--${option}=${quoted(value)}`
  })
  return ['scripts/darkroom', words, ...given].join(' ')
}

/** A call of a function of the schema `ops`, whose parameters are named as in HTTP. Null is the default of each. */
export function callText(name: string, body: Record<string, unknown>): string {
  const given = Object.entries(body).filter(([, value]) => value !== null && value !== undefined)
  return `select * from ops.${name}(${given.map(([name, value]) => `${name} => ${literal(value)}`).join(', ')});`
}

function literal(value: unknown): string {
  if (typeof value === 'string') return sqlText(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (Array.isArray(value)) return `array[${value.map(literal).join(', ')}]::text[]`
  return `${sqlText(JSON.stringify(value))}::jsonb`
}

const equal = ['status', 'task', 'queue', 'worker', 'schedule_id', 'video_id']

/** The list of tasks as a question to the schema `ops`. */
export function sqlOfTasks(filter: Record<string, string>, limit = 100): string {
  const where = Object.entries(filter).flatMap(([name, value]) => {
    if (equal.includes(name)) return [conditionOf(name, value)]
    if (name === 'tag') return [`tags @> array[${sqlText(value)}]`]
    if (name === 'error') return [`error ->> 'message' ilike ${sqlText(`%${value}%`)}`]
    if (name === 'created_after') return [`created_at > ${sqlText(value)}`]
    if (name === 'created_before') return [`created_at < ${sqlText(value)}`]
    if (name === 'attempts_min') return [`attempts >= ${Number(value)}`]
    if (name === 'ran_min')
      return [`coalesce(finished_at, now()) - started_at >= interval ${sqlText(`${Number(value)} s`)}`]
    if (name === 'waited_min')
      return [`coalesce(started_at, now()) - created_at >= interval ${sqlText(`${Number(value)} s`)}`]
    if (name === 'q') return [`(name ilike ${sqlText(`%${value}%`)} or description ilike ${sqlText(`%${value}%`)})`]
    return []
  })
  const condition = where.length > 0 ? `\nwhere ${where.join('\n  and ')}` : ''
  return `select id, task, name, status, queue, attempts, created_at, error\nfrom ops.tasks${condition}\norder by created_at desc\nlimit ${limit};`
}

function conditionOf(name: string, value: string) {
  const not = value.startsWith('-')
  const values = value.slice(not ? 1 : 0).split(',')
  const [one] = values
  if (values.length === 1) return `${name} ${not ? '<>' : '='} ${sqlText(one!)}`
  return `${name} ${not ? '<> all' : '= any'} (array[${values.map(sqlText).join(', ')}])`
}
