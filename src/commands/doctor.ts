import { print, printJson } from './screen/print.ts'
import { harmless } from './screen/text.ts'
import type { Finding, Problem } from './service/bodies.ts'
import type { Service } from './service/service.ts'

/** Asks the running service what is wrong; the exit code is 1 where something is critical. */
export async function runDoctor(service: Service, { json }: { json?: boolean }): Promise<number> {
  const [{ items: problems }, { items: findings, checked }] = await Promise.all([
    service.get<{ items: Problem[] }>('api/problems'),
    service.get<{ items: Finding[]; checked: string[] }>('api/doctor')
  ])
  if (json) printJson({ problems, findings, checked })
  else print(harmless(describe(problems, findings, checked)))
  return [...problems, ...findings].some(({ severity }) => severity === 'critical') ? 1 : 0
}

function describe(problems: Problem[], findings: Finding[], checked: string[]) {
  return [
    ...problems.map(({ severity, sentence }) => `${severity.toUpperCase()}  ${sentence}`),
    ...findings.map(({ severity, what, why, fix }) => `${severity.toUpperCase()}  ${what}\n  ${why}\n  fix: ${fix}`),
    ...(problems.length + findings.length === 0 ? ['All is well.'] : []),
    `Checked: current problems, ${checked.join(', ')}`
  ].join('\n')
}
