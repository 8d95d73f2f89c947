import { tell } from '../state/acts/act.ts'
import { cliText } from '../words/copy.ts'
import { Button } from './button.tsx'
import { Menu } from './overlays/menu.tsx'

/** Pages without https have no clipboard; a selection can be copied there, too. */
export async function copyText(text: string) {
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text)
    else copySelection(text)
    tell('Copied')
  } catch {
    tell('The browser did not let the page copy', true)
  }
}

function copySelection(text: string) {
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'away'
  document.body.append(field)
  field.select()
  const done = document.execCommand('copy')
  field.remove()
  if (!done) throw new Error('refused')
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  return <Button icon="copy" look="quiet" label={label} title={label} onClick={() => copyText(text)} />
}

interface CopyAsProps {
  curl: string
  sql: string
  /** Where there is a better command than psql. */
  cli?: string
  link?: string
}

/** The same question for a terminal and for psql. */
export function CopyAs({ curl, sql, cli = cliText(sql), link }: CopyAsProps) {
  const items = [
    { label: 'Copy as curl', act: () => copyText(curl) },
    { label: 'Copy as CLI', act: () => copyText(cli) },
    { label: 'Copy as SQL', act: () => copyText(sql) },
    ...(link ? [{ label: 'Copy link to this moment', act: () => copyText(link) }] : [])
  ]
  return <Menu icon="copy" label="Copy as …" items={items} />
}
