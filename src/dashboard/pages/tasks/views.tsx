import { useState } from 'preact/hooks'
import { tell } from '../../state/acts/act.ts'
import { go, href, query } from '../../state/browser/route.ts'
import { givenViews, ownViews, removeView, saveView, searchOfView, viewNow } from '../../state/browser/views.ts'
import { Button } from '../../ui/button.tsx'
import { CopyButton } from '../../ui/copy.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { Menu } from '../../ui/overlays/menu.tsx'
import { filterOfQuery, printFilter } from '../../words/tasks/filter.ts'

/** Named questions: those of this browser, then those that come with the page. */
export function ViewMenu() {
  const [open, setOpen] = useState(false)
  const own = ownViews()
  const now = viewNow(query.value)
  const items = [
    ...[...own, ...givenViews].map(({ name, search }, at) => ({
      label: name,
      apart: at === own.length && at > 0,
      act: () => go(`/tasks?${search}`)
    })),
    { label: 'Save or remove …', apart: true, act: () => setOpen(true) }
  ]
  return (
    <>
      <Menu icon="views" label={now?.name ?? 'Views'} items={items} />
      {open && <Views close={() => setOpen(false)} />}
    </>
  )
}

function Views({ close }: { close(): void }) {
  const [name, setName] = useState('')
  const search = searchOfView(query.value)
  const said = sentenceOf(search)
  function save() {
    saveView({ name: name.trim(), search })
    tell('The view is saved in this browser')
    close()
  }
  return (
    <Dialog title="Views" onClose={close}>
      <form
        onSubmit={event => {
          event.preventDefault()
          save()
        }}
      >
        <p class="soft views-said">
          {search === '' ? 'Set a filter or an order first: then it can be saved under a name.' : said}
        </p>
        {search !== '' && (
          <Field label="Name">
            {attributes => (
              <input
                {...attributes}
                maxLength={60}
                autocomplete="off"
                value={name}
                onInput={event => setName(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <div class="buttons end">
          <Button onClick={close}>Back</Button>
          <button type="submit" class="button main" disabled={search === '' || name.trim() === ''}>
            Save view
          </button>
        </div>
      </form>
      <Saved />
    </Dialog>
  )
}

function sentenceOf(search: string) {
  const query = new URLSearchParams(search)
  const order = query.get('order')
  return [printFilter(filterOfQuery(query)), order && `order ${order}`].filter(Boolean).join(', ')
}

function Saved() {
  const own = ownViews()
  if (own.length === 0) return null
  return (
    <section aria-label="Saved views">
      <h3>Saved in this browser</h3>
      <ul class="lines">
        {own.map(({ name, search }) => (
          <li key={name}>
            <span>
              <a class="cut-off" href={href(`/tasks?${search}`)}>
                {name}
              </a>
              <span class="soft mono cut-off view-said">{sentenceOf(search)}</span>
            </span>
            <CopyButton text={`${location.origin}${href(`/tasks?${search}`)}`} label={`Copy the link of ${name}`} />
            <Button
              icon="trash"
              look="quiet"
              label={`Remove ${name}`}
              title={`Remove ${name}`}
              onClick={() => removeView(name)}
            />
          </li>
        ))}
      </ul>
    </section>
  )
}
