import type { Config } from '#config.ts'

interface Finding {
  code: string
  severity: 'critical' | 'warning' | 'notice'
  what: string
  why: string
  fix: string
}

interface Problem {
  code: string
  severity: Finding['severity']
  sentence: string
}

// Milliseconds.
const patience = 30_000

/** Asks the running service what is wrong; the exit code is 1 where something is critical, 3 without an answer. */
export async function runDoctor(config: Config, { json }: { json: boolean }): Promise<number> {
  const base = process.env.DARKROOM_URL ?? `http://${hostOf(config)}:${config.PORT}`
  let answers: [{ items: Problem[] }, { items: Finding[]; checked: string[] }]
  try {
    answers = (await Promise.all([ask(base, '/api/problems'), ask(base, '/api/doctor')])) as typeof answers
  } catch (error) {
    const cause = (error as Error & { cause?: Error }).cause?.message
    console.error(
      `${base} does not answer (${cause ?? (error as Error).message}): start the service, or set DARKROOM_URL`
    )
    return 3
  }
  const [{ items: problems }, { items: findings, checked }] = answers
  if (json) console.log(JSON.stringify({ problems, findings, checked }, null, 2))
  else show(problems, findings, checked)
  return [...problems, ...findings].some(({ severity }) => severity === 'critical') ? 1 : 0
}

function hostOf({ HOST }: Config) {
  if (HOST === '0.0.0.0' || HOST === '::') return '127.0.0.1'
  return HOST.includes(':') ? `[${HOST}]` : HOST
}

async function ask(base: string, path: string) {
  const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(patience) })
  const body = (await response.json()) as { detail?: string }
  if (!response.ok) throw new Error(body.detail ?? `status ${response.status}`)
  return body
}

function show(problems: Problem[], findings: Finding[], checked: string[]) {
  for (const { severity, sentence } of problems) console.log(`${severity.toUpperCase()}  ${sentence}`)
  for (const { severity, what, why, fix } of findings) {
    console.log(`${severity.toUpperCase()}  ${what}\n  ${why}\n  fix: ${fix}`)
  }
  if (problems.length + findings.length === 0) console.log('All is well.')
  console.log(`Checked: current problems, ${checked.join(', ')}`)
}
