import { signal } from '@preact/signals'
import { places } from '../../frame/pages.ts'
import { Dialog } from './dialog.tsx'

const open = signal(false)
export const helpOpen = (wanted: boolean) => {
  open.value = wanted
}

const keys: [string, string][] = [
  ['⌘K, Ctrl K', 'Search, jump, act'],
  ['/', 'Filter'],
  [`g, then ${places.map(({ key }) => key).join(' ')}`, places.map(({ name }) => name).join(', ')],
  ['j, k', 'Next and previous row'],
  ['Enter', 'Open the row beside the list'],
  ['o', 'Open the row as a page'],
  ['x', 'Select the row'],
  ['a', 'Act on all that match (asks first)'],
  ['r, c', 'Retry, cancel (both ask first)'],
  ['[, ]', 'Previous and next task beside the list'],
  ['n', 'Show new rows'],
  ['v', 'Attempts as a chart or as a table'],
  ['u', 'Upload films'],
  ['p', 'Stop updates and go on'],
  ['t', 'Theme'],
  ['Escape', 'Close'],
  ['?', 'This list']
]

export function Help() {
  if (!open.value) return null
  return (
    <Dialog title="Keys" onClose={() => helpOpen(false)}>
      <dl class="keys">
        {keys.map(([key, text]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p class="soft">Single letters can be switched off in the settings.</p>
    </Dialog>
  )
}
