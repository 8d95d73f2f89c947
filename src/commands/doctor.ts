import type { Config } from '#config.ts'
import { openService, Refused, Unreachable } from './service.ts'

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

/** Asks the running service what is wrong; the exit code is 1 where something is critical, 3 without an answer. */
export async function runDoctor(config: Config, { json }: { json: boolean }): Promise<number> {
  let answers: [{ items: Problem[] }, { items: Finding[]; checked: string[] }]
  try {
    const { ask } = await openService(config)
    answers = (await Promise.all([ask('/api/problems'), ask('/api/doctor')])) as typeof answers
  } catch (error) {
    const { message } = error as Error
    const isRefused = error instanceof Refused && error.status === 401
    console.error(isRefused ? `${message}; for this command in DARKROOM_KEY or DARKROOM_KEY_FILE` : message)
    return error instanceof Unreachable ? 3 : 1
  }
  const [{ items: problems }, { items: findings, checked }] = answers
  if (json) console.log(JSON.stringify({ problems, findings, checked }, null, 2))
  else show(problems, findings, checked)
  return [...problems, ...findings].some(({ severity }) => severity === 'critical') ? 1 : 0
}

function show(problems: Problem[], findings: Finding[], checked: string[]) {
  for (const { severity, sentence } of problems) console.log(`${severity.toUpperCase()}  ${sentence}`)
  for (const { severity, what, why, fix } of findings) {
    console.log(`${severity.toUpperCase()}  ${what}\n  ${why}\n  fix: ${fix}`)
  }
  if (problems.length + findings.length === 0) console.log('All is well.')
  console.log(`Checked: current problems, ${checked.join(', ')}`)
}
